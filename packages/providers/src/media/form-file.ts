/** A file as a form carries it: a recording, an image. */
export interface FormFile {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly type: string;
}
