/** Updates docs/contact-sheet.png: `npx tsx --conditions=source storybook/contact-sheet.ts`. Tests compare with it. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { openStorySite } from './story-site.js';

/** Path of the image. */
export const CONTACT_SHEET = fileURLToPath(new URL('../docs/contact-sheet.png', import.meta.url));

/** The story to capture. */
export const CONTACT_SHEET_STORY = 'contact-sheet--all';

/** Colours are rounded to this step: fewer colours compress better. */
const COLOUR_STEP = 16;

/** Rounds colours and compresses for size. */
function compress(screenshot: Buffer): Buffer {
  const image = PNG.sync.read(screenshot);
  image.data = Buffer.from(
    image.data.map((value) => Math.min(255, Math.round(value / COLOUR_STEP) * COLOUR_STEP)),
  );
  return PNG.sync.write(image, { colorType: 2, filterType: 0, deflateLevel: 9, deflateStrategy: 0 });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const site = await openStorySite();
  try {
    await site.show(CONTACT_SHEET_STORY, { width: 'full' });
    const image = compress(await site.picture('contact-sheet'));
    writeFileSync(CONTACT_SHEET, image);
    console.log(`docs/contact-sheet.png  ${(image.length / 1000).toFixed(0)} kB`);
  } finally {
    await site.close();
  }
}
