/** Updates docs/contact-sheet.png: `npx tsx --conditions=source storybook/contact-sheet.ts`. Tests compare with it. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { decodePng, encodePng } from './png.js';
import { openStorySite } from './story-site.js';

/** Path of the image. */
export const CONTACT_SHEET = fileURLToPath(new URL('../docs/contact-sheet.png', import.meta.url));

/** The story to capture. */
export const CONTACT_SHEET_STORY = 'contact-sheet--all';

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const site = await openStorySite();
  try {
    await site.show(CONTACT_SHEET_STORY, { width: 'full' });
    const picture = encodePng(decodePng(await site.picture('contact-sheet')));
    writeFileSync(CONTACT_SHEET, picture);
    console.log(`docs/contact-sheet.png  ${(picture.length / 1000).toFixed(0)} kB`);
  } finally {
    await site.close();
  }
}
