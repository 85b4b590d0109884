import Box from '@cloudscape-design/components/box';
import { useEffect, useState } from 'react';
import './when.css';

const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365.25 * 86400],
  ['month', 30.44 * 86400],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
];

/** "in 12 days", "3 minutes ago". Days stay days up to a quarter of a year: certificates are counted in them. */
export function relative(at: string | Date, now = Date.now()): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  for (const [unit, size] of units) {
    const least = unit === 'month' ? 92 * 86400 : size;
    if (Math.abs(seconds) >= least) return words.format(Math.trunc(seconds / size), unit);
  }
  return Math.abs(seconds) < 5 ? 'now' : words.format(Math.trunc(seconds), 'second');
}

/** "2026-11-22 21:40 UTC", or the day alone. Times of servers are told in UTC, as their logs are. */
export function absolute(at: string | Date, dayOnly = false): string {
  const iso = new Date(at).toISOString();
  return dayOnly ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

interface Props {
  at: string | undefined; // RFC 3339
  show?: 'both' | 'relative' | 'day'; // day: the relative time and the date without its hour
  none?: string; // what stands there without a time
}

/** A time as people think of it and as logs write it. */
export function When({ at, show = 'both', none = '–' }: Props) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick(n => n + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  if (!at || Number.isNaN(Date.parse(at))) return <>{none}</>;
  return (
    <time dateTime={at} title={absolute(at)}>
      {relative(at)}
      {show !== 'relative' && (
        <Box variant="small" display="inline" color="text-body-secondary">
          {' · '}
          <span className="when-absolute">{absolute(at, show === 'day')}</span>
        </Box>
      )}
    </time>
  );
}
