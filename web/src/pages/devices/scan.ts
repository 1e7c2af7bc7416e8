/** Finds a QR code in a picture: gives its text, or null. */
export type Finder = (picture: ImageBitmap | HTMLVideoElement) => Promise<string | null>;

interface Detector {
  detect(picture: ImageBitmapSource): Promise<readonly { rawValue: string }[]>;
}
interface DetectorKind {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

const FORMAT = "qr_code";
/** A picture is looked through at this size at most: a code is larger than its details. */
const LONGEST_SIDE = 1600;

/** The browser's own finder where it has one, else a library that is loaded only here. */
export async function finder(): Promise<Finder> {
  const kind = (globalThis as { BarcodeDetector?: DetectorKind }).BarcodeDetector;
  if (kind && (await kind.getSupportedFormats()).includes(FORMAT)) {
    const detector = new kind({ formats: [FORMAT] });
    return async (picture) => (await detector.detect(picture))[0]?.rawValue ?? null;
  }
  const { decodeQR } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  if (!drawing) throw new Error("this browser draws no pictures");
  return async (picture) => {
    const [width, height] = "videoWidth" in picture ? [picture.videoWidth, picture.videoHeight] : [picture.width, picture.height];
    if (!width || !height) return null;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    drawing.drawImage(picture, 0, 0, canvas.width, canvas.height);
    try {
      return decodeQR(drawing.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      return null; // it says by an error that there is no code in the picture
    }
  };
}
