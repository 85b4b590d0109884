import { list, rds, text } from '../api/rds';

export interface RdsEvent {
  id: string;
  at: string;
  source: string;
  sourceType: string;
  message: string;
  categories: string[];
}

/** How far back one can look; AWS keeps events for 14 days. */
export const periods = [
  { value: '60', label: 'The last hour' },
  { value: '1440', label: 'The last day' },
  { value: '10080', label: 'The last 7 days' },
  { value: '20160', label: 'The last 14 days' },
];

const most = 1000; // rows that a browser is given

/** Events, the newest first. */
export async function loadEvents(params: Record<string, string>): Promise<RdsEvent[]> {
  const found: RdsEvent[] = [];
  for (let marker: string | undefined; ; ) {
    const page = await rds('DescribeEvents', { ...params, MaxRecords: 100, Marker: marker });
    for (const e of list(page, 'Events', 'Event')) {
      const box = e['EventCategories'];
      const inside = box && typeof box === 'object' && !Array.isArray(box) ? box['EventCategory'] : undefined;
      const categories = (Array.isArray(inside) ? inside : [inside]).filter((c): c is string => typeof c === 'string');
      found.push({ id: String(found.length), at: text(e, 'Date'), source: text(e, 'SourceIdentifier'), sourceType: text(e, 'SourceType'), message: text(e, 'Message'), categories });
    }
    marker = text(page, 'Marker') || undefined;
    if (!marker) return found.reverse();
    if (found.length > most) found.splice(0, found.length - most); // the oldest come first
  }
}
