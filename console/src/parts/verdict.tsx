import Badge, { type BadgeProps } from '@cloudscape-design/components/badge';
import type { Verdict as Name } from '../api/types';

// Also the verdicts of force-tls, which has words of its own.
const colours: Record<string, BadgeProps['color']> = {
  BREAKS: 'severity-critical',
  REFUSED: 'severity-critical',
  UNKNOWN: 'severity-medium',
  'DOES-NOT-VERIFY': 'severity-low',
  SAFE: 'green',
  OK: 'green',
};

const means: Record<string, string> = {
  BREAKS: 'it will not connect any more',
  REFUSED: 'it will be refused',
  UNKNOWN: 'nobody can tell from here',
  'DOES-NOT-VERIFY': 'it goes on, and would notice no impostor',
  SAFE: 'it goes on as before',
};

/** What happens to a client, as a word; colour only repeats it. */
export function Verdict({ verdict }: { verdict: Name | string }) {
  const key = verdict.toUpperCase();
  return (
    <span title={means[key]}>
      <Badge color={colours[key] ?? 'grey'}>{verdict}</Badge>
    </span>
  );
}
