/** All languages that are shipped. Pages that know their language import only that one. */
import { ar } from './ar.js';
import { de } from './de.js';
import { en } from './en.js';
import { es } from './es.js';
import { fr } from './fr.js';
import { ja } from './ja.js';
import { zhHans } from './zh-hans.js';

export const allMessages = [en, de, fr, es, ar, ja, zhHans] as const;
