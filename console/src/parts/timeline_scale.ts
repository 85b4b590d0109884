/** Something that happens at a time, in a lane of its own kind. */
export interface TimelineItem {
  id: string;
  lane: string;
  at: string;
  label: string; // its name
  count?: number; // how many it stands for
}

/** Items so near to each other that they are one mark. */
export interface Mark {
  lane: string;
  place: number; // 0 to 1
  at: number; // of the soonest
  until: number; // of the last
  items: TimelineItem[];
  count: number;
}

const day = 86_400_000;
const before = 0.06; // what is over stands in this part of the width, before now
const furthest = 100 * 365 * day;

/**
 * Where a time stands. Days count as much next week as decades do later: leaves
 * live a year and CAs a century, and the next days are what a person looks for.
 */
export function place(at: number, now: number): number {
  if (at <= now) return before * Math.max(0, 1 - (now - at) / (30 * day)) * 0.8;
  const spread = Math.log1p(Math.min(at - now, furthest) / (7 * day)) / Math.log1p(furthest / (7 * day));
  return before + (0.985 - before) * spread;
}

export interface Tick {
  place: number;
  label: string;
  minor?: boolean; // left out where there is little room
}

/** The axis, from now on. */
export function ticks(): Tick[] {
  const all: [number, string, boolean?][] = [
    [0, 'now'],
    [7, '1 week', true],
    [30, '1 month'],
    [91, '3 months', true],
    [365, '1 year'],
    [3 * 365, '3 years', true],
    [10 * 365, '10 years'],
    [40 * 365, '40 years', true],
    [100 * 365, '100 years'],
  ];
  return all.map(([days, label, minor]) => ({ place: place(days * day, 0), label, minor }));
}

/** Items as marks, the soonest first within each lane, lanes in the given order. */
export function marks(items: TimelineItem[], lanes: string[], now: number, apart: number): Mark[] {
  const all: Mark[] = [];
  for (const lane of lanes) {
    let last: Mark | undefined;
    const rows = items.filter(i => i.lane === lane).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    for (const item of rows) {
      const at = Date.parse(item.at);
      const where = place(at, now);
      const alike = last !== undefined && last.at <= now === at <= now; // what is over stands by itself
      if (last && alike && where - last.place < apart) {
        last.items.push(item);
        last.count += item.count ?? 1;
        last.until = at;
        continue;
      }
      last = { lane, place: where, at, until: at, items: [item], count: item.count ?? 1 };
      all.push(last);
    }
  }
  return all;
}
