/** Reads Chromium's pictures and writes small ones, with a palette; and tells how far two are apart. PNG only, 8 bit. */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

/** A picture: three bytes a pixel, rows from the top. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Bytes a pixel by PNG's colour type: grey is never written here. */
const CHANNELS: Readonly<Record<number, number>> = { 2: 3, 3: 1, 6: 4 };

/** A picture out of a PNG. Throws at what neither Chromium nor `encodePng` writes. */
export function decodePng(file: Buffer): Picture {
  let header: Buffer | null = null;
  let palette: Buffer = Buffer.alloc(0);
  const data: Buffer[] = [];
  for (let at = SIGNATURE.length; at < file.length;) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const body = file.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header = body;
    else if (type === 'PLTE') palette = body;
    else if (type === 'IDAT') data.push(body);
    at += length + 12;
  }
  const channels = CHANNELS[header?.[9] ?? -1];
  if (header === null || header[8] !== 8 || channels === undefined || header[12] !== 0) {
    throw new TypeError('Not a PNG of 8 bits with colours, or an interlaced one.');
  }
  const width = header.readUInt32BE(0);
  const height = header.readUInt32BE(4);
  const raw = unfilter(inflateSync(Buffer.concat(data)), width * channels, height, channels);
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const value =
        channels === 1 ? palette[(raw[pixel] ?? 0) * 3 + channel] : raw[pixel * channels + channel];
      rgb[pixel * 3 + channel] = value ?? 0;
    }
  }
  return { width, height, rgb };
}

function unfilter(lines: Buffer, stride: number, height: number, step: number): Uint8Array {
  const out = new Uint8Array(stride * height);
  for (let row = 0; row < height; row += 1) {
    const filter = lines[row * (stride + 1)];
    const start = row * stride;
    for (let x = 0; x < stride; x += 1) {
      const left = x >= step ? (out[start + x - step] ?? 0) : 0;
      const up = row > 0 ? (out[start + x - stride] ?? 0) : 0;
      const corner = row > 0 && x >= step ? (out[start + x - stride - step] ?? 0) : 0;
      const guess = predict(filter ?? 0, left, up, corner);
      out[start + x] = (lines[row * (stride + 1) + 1 + x] ?? 0) + guess;
    }
  }
  return out;
}

/** PNG's five filters. */
function predict(filter: number, left: number, up: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** A PNG of at most 256 colours: the fewer bits of each channel, the smaller, until they fit. */
export function encodePng({ width, height, rgb }: Picture): Buffer {
  for (const step of [8, 16, 24, 32, 48]) {
    const palette = new Map<number, number>();
    const lines = Buffer.alloc((width + 1) * height);
    for (let pixel = 0; pixel < width * height; pixel += 1) {
      const colour = [0, 1, 2].reduce((sum, channel) => {
        const value = Math.min(255, Math.round((rgb[pixel * 3 + channel] ?? 0) / step) * step);
        return sum * 256 + value;
      }, 0);
      const known = palette.get(colour) ?? palette.size;
      palette.set(colour, known);
      lines[Math.floor(pixel / width) * (width + 1) + 1 + (pixel % width)] = known;
    }
    if (palette.size > 256) continue;
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    head.set([8, 3, 0, 0, 0], 8);
    const colours = [...palette.keys()].flatMap((colour) => [
      colour >> 16,
      (colour >> 8) & 255,
      colour & 255,
    ]);
    return Buffer.concat([
      SIGNATURE,
      chunk('IHDR', head),
      chunk('PLTE', Buffer.from(colours)),
      chunk('IDAT', deflateSync(lines, { level: 9 })),
      chunk('IEND', Buffer.alloc(0)),
    ]);
  }
  throw new RangeError('A picture with more colours than a palette holds.');
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const out = Buffer.alloc(named.length + 8);
  out.writeUInt32BE(body.length, 0);
  out.set(named, 4);
  out.writeUInt32BE(crc32(named), named.length + 4);
  return out;
}

/** Share of pixels, 0 to 1, of which some channel is further apart than `tolerance` of 255; 1 where the sizes differ. */
export function difference(a: Picture, b: Picture, tolerance: number): number {
  if (a.width !== b.width || a.height !== b.height) return 1;
  let different = 0;
  for (let at = 0; at < a.rgb.length; at += 3) {
    for (let channel = at; channel < at + 3; channel += 1) {
      if (Math.abs((a.rgb[channel] ?? 0) - (b.rgb[channel] ?? 0)) <= tolerance) continue;
      different += 1;
      break;
    }
  }
  return different / (a.width * a.height);
}
