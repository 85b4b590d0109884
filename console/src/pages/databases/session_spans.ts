import type { SessionClient, Sessions } from '../../api/types';

/** A stretch of a lane, in milliseconds. */
export interface Stretch {
  from: number;
  to: number;
}

export interface Lane {
  id: string;
  name: string;
  stretches: Stretch[];
}

/** Stretches that touch become one; the sooner first. */
export function join(all: Stretch[], gap: number): Stretch[] {
  const out: Stretch[] = [];
  for (const s of [...all].sort((a, b) => a.from - b.from)) {
    const last = out[out.length - 1];
    if (last && s.from <= last.to + gap) last.to = Math.max(last.to, s.to);
    else out.push({ ...s });
  }
  return out;
}

function kindOf(c: SessionClient): string {
  return c.kind === 'login' ? c.tls : c.kind;
}

const names: [string, string][] = [
  ['encrypted', 'Encrypted'],
  ['plain', 'Plain'],
  ['unknown', 'Not known'],
  ['plain-refused', 'Refused'],
  ['handshake-failed', 'Failed handshakes'],
];

/** What was watched, and between which sightings who came how. */
export function lanes(data: Sessions, now: number): { watched: Stretch[]; lanes: Lane[] } {
  const since = Date.parse(data.since);
  const cut = (from: string, to: string): Stretch => ({ from: Math.max(since, Date.parse(from)), to: Math.min(now, Date.parse(to)) });
  const watched = join(data.coverage.map(s => cut(s.from, s.to)), 120_000); // written in steps of two minutes
  const out: Lane[] = [];
  for (const [id, name] of names) {
    const rows = data.clients.filter(c => !c.own && !c.internal && kindOf(c) === id);
    if (rows.length > 0) out.push({ id, name, stretches: join(rows.map(c => cut(c.first_seen, c.last_seen)), 0) });
  }
  return { watched, lanes: out };
}

/** What of the time was not watched. */
export function gaps(watched: Stretch[], since: number, now: number): Stretch[] {
  const out: Stretch[] = [];
  let at = since;
  for (const s of watched) {
    if (s.from - at > 120_000) out.push({ from: at, to: s.from });
    at = Math.max(at, s.to);
  }
  if (now - at > 180_000) out.push({ from: at, to: now });
  return out;
}
