import type { ServedCertificate } from '../api/types';

/** A certificate as far as the drawing needs it; served and imported ones both are. */
export type ChainCertificate = Pick<ServedCertificate, 'subject' | 'issuer' | 'not_before' | 'not_after' | 'key' | 'key_bits' | 'sha256' | 'self_signed' | 'is_ca'> &
  Partial<Pick<ServedCertificate, 'serial' | 'names' | 'signature'>>;

/** What a trust store would need. */
export interface MissingCertificate {
  subject: string;
  key_id?: string;
  sha256?: string;
}

/** What a certificate is in its chain, by its place in it. */
export function roleOf(chain: ChainCertificate[], n: number): string {
  const c = chain[n]!;
  if (!c.is_ca) return n === 0 ? 'Leaf: the server certificate' : 'Not a CA';
  if (c.self_signed) return 'Root CA';
  if (chain[n - 1] && !chain[n - 1]!.is_ca) return 'Issuing CA';
  if (/\broot\b/i.test(c.subject)) return 'Cross-certificate: a root vouched for by another root';
  return 'Intermediate CA';
}

/** Whether the next certificate sent is the one that signed this, by its name. */
export function continues(chain: ChainCertificate[], n: number): boolean {
  return chain[n + 1]?.subject === chain[n]!.issuer;
}

/** The subject's most telling part: its common name, or all of it. */
export function shortName(subject: string): string {
  const cn = /(?:^|,)\s*CN=((?:\\.|[^,\\])*)/i.exec(subject)?.[1];
  return cn ? cn.replace(/\\(.)/g, '$1') : subject;
}
