import { get } from '../../api/native';
import type { Forecast, Plan } from '../../api/types';

/** A client of one database, with what a change does to it. */
export type Client = Forecast['clients'][number] & { database: string };

export interface Loaded {
  to: string;
  clients: Client[];
  databases: number; // that were looked at
  there: number; // of them, those that have that CA already
  unseen: { database: string; why: string }[]; // where not all was watched
  skipped: { instance: string; why: string }[];
  next?: string; // where to go on
}

interface Page {
  plans: Plan[];
  skipped: { instance: string; region: string; why: string }[];
  next?: string;
}

/** The next page of what a change of the region to a CA would do. Every database of it is looked at. */
export async function more(to: string, before?: Loaded): Promise<Loaded> {
  const page = await get<Page>('rotate/plan', { to, after: before?.next });
  return {
    to,
    databases: (before?.databases ?? 0) + page.plans.length,
    there: (before?.there ?? 0) + page.plans.filter(p => p.from === to).length,
    clients: [...(before?.clients ?? []), ...page.plans.flatMap(p => (p.clients?.clients ?? []).map(c => ({ ...c, database: p.instance })))],
    unseen: [...(before?.unseen ?? []), ...page.plans.flatMap(p => (p.clients?.unseen ? [{ database: p.instance, why: p.clients.unseen }] : []))],
    skipped: [...(before?.skipped ?? []), ...page.skipped],
    next: page.next || undefined,
  };
}

/** What decides what a person looks at first. */
export const order = ['BREAKS', 'UNKNOWN', 'DOES-NOT-VERIFY', 'SAFE'];
