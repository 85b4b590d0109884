import { post } from '../../api/native';
import type { Inspection } from '../../api/types';

/** A file to import: PEM as text, or a wallet in base64. */
export type Content = { pem: string; wallet?: undefined } | { wallet: string; pem?: undefined };

/** More than any trust store is; the server refuses more than this too. */
export const largest = 256 * 1024;

/** What a file is, by what is in it and not by its name. */
export async function contentOf(file: File): Promise<Content> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = new TextDecoder('latin1').decode(bytes);
  if (text.includes('-----BEGIN')) return { pem: new TextDecoder().decode(bytes) };
  let binary = '';
  for (let n = 0; n < bytes.length; n += 0x8000) binary += String.fromCharCode(...bytes.subarray(n, n + 0x8000));
  return { wallet: btoa(binary) };
}

/** What would be kept of it. Nothing is. */
export const inspect = (content: Content): Promise<Inspection> => post<Inspection>('certificates/inspect', content);
