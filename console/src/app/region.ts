import type { Me } from '../api/http';

const key = 'dbtls-region';

/** The region to begin with: of the link (?region=), or that was chosen last in this tab, or the server's own. */
export function startRegion(me: Me): string {
  const known = (r: string | null): r is string => r !== null && me.regions.includes(r);
  const asked = new URLSearchParams(location.search).get('region');
  if (known(asked)) return asked;
  const kept = sessionStorage.getItem(key);
  return known(kept) ? kept : me.region;
}

/** Keeps a choice for this tab. */
export function keepRegion(region: string): void {
  sessionStorage.setItem(key, region);
}
