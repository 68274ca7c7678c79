export interface ImportedImage {
  readonly size: string;
  readonly quality: string;
  readonly each: string;
}

export interface ImageVariant {
  readonly model: string;
  readonly size: string;
  readonly quality: string;
  readonly pixels?: bigint;
}

const SIZE = /^(\d{1,5})-x-(\d{1,5})$/;
const STEPS = /^(?:\d+|max)-steps$/;
const QUALITIES = new Set(['low', 'medium', 'high', 'standard', 'hd', 'auto']);

/** Reads `hd/1024-x-1792/dall-e-3` as a model with a size and a quality; a name without them stands for any. A string says why it cannot be read. */
export function imageVariant(name: string): ImageVariant | string {
  let size = '*';
  let quality = '*';
  let pixels: bigint | undefined;
  const segments = name.split('/');
  while (segments.length > 1) {
    const segment = segments[0] ?? '';
    const [, width, height] = SIZE.exec(segment) ?? [];
    if (STEPS.test(segment)) return 'images priced by steps';
    if (width !== undefined && height !== undefined) {
      size = `${width}x${height}`;
      pixels = BigInt(width) * BigInt(height);
    } else if (QUALITIES.has(segment)) quality = segment;
    else break;
    segments.shift();
  }
  return { model: segments.join('/'), size, quality, ...(pixels !== undefined && { pixels }) };
}

type Dearer = (a: string | undefined, b: string | undefined) => string | undefined;

/**
 * One price for each size and quality, the dearer where there are two. Where sizes or qualities are priced apart, a price that stands
 * for any of them becomes the dearest of all: what is not listed must not be cheaper than what is.
 */
export function mergeImages(images: readonly ImportedImage[], dearer: Dearer): ImportedImage[] {
  const merged = new Map<string, ImportedImage>();
  let most: string | undefined;
  for (const image of images) {
    const key = `${image.size} ${image.quality}`;
    merged.set(key, { ...image, each: dearer(merged.get(key)?.each, image.each) ?? image.each });
    most = dearer(most, image.each);
  }
  return [...merged.values()].map((image) =>
    merged.size > 1 && (image.size === '*' || image.quality === '*') && most !== undefined ? { ...image, each: most } : image,
  );
}
