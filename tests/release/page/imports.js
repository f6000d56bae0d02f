// Imports every entry point of the widget without a browser, as server-side rendering does.
import * as element from '@ingestion-progress/widget';
import '@ingestion-progress/widget/define';
import { createIngestionClient } from '@ingestion-progress/widget/client';
import * as testing from '@ingestion-progress/widget/testing';
import { readFileSync } from 'node:fs';

if (typeof createIngestionClient !== 'function') throw new Error('The client has no createIngestionClient.');
if (Object.keys(element).length === 0 || Object.keys(testing).length === 0)
  throw new Error('An entry point is empty.');
const bundle = readFileSync(new URL(import.meta.resolve('@ingestion-progress/widget/bundle')));
if (bundle.length < 10_000) throw new Error('The bundle is too small.');
const manifest = readFileSync(
  new URL(import.meta.resolve('@ingestion-progress/widget/custom-elements.json')),
  'utf8',
);
if (!manifest.includes('ingestion-progress')) throw new Error('The manifest does not contain the element.');
