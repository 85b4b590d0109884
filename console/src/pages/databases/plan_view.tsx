import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { Plan } from '../../api/types';
import { Rows } from '../../parts/rows';
import { Verdict } from '../../parts/verdict';
import { When } from '../../parts/when';
import { reasonOf } from '../../parts/words';

/** What a rotation would do: to the server, to its sessions, and to each client. */
export function PlanView({ plan: p, inForm }: { plan: Plan; inForm?: boolean }) {
  const c = p.clients;
  const counts = Object.entries(c.verdicts).filter(([, n]) => n > 0);
  return (
    <SpaceBetween size="m">
      {p.held_back && (
        <Alert type="warning" header="It would wait">
          {p.held_back}
        </Alert>
      )}
      {p.loses_cover && (
        <Alert type="warning" header={`Clients that trust only ${p.loses_cover} would be cut off`}>
          They are covered now, and would not be any more.
        </Alert>
      )}
      <KeyValuePairs
        columns={3}
        minColumnWidth={160}
        items={[
          { label: 'From', value: p.from },
          { label: 'To', value: p.to === p.from ? `${p.to}, a new key and certificate` : p.to },
          { label: 'Because', value: reasonOf(p.reason) },
          { label: 'Takes effect by', value: p.effect },
          { label: 'Open sessions', value: p.sessions },
          { label: 'New certificate until', value: <When at={p.not_after} show="day" /> },
          { label: 'Who passes verify-full right after', value: `clients that trust ${p.covered.join(' or ')}` },
          { label: 'Overlap with the old CA', value: p.bridge_until ? <>until <When at={p.bridge_until} show="day" /></> : 'none' },
          { label: 'If it fails', value: p.way_back ? 'the last good certificate comes back' : 'there is no way back' },
          { label: 'On the wire now', value: p.wire },
        ]}
      />
      {c.unseen && (
        <Alert type="info" header="There may be clients that nobody saw">
          {c.unseen}
        </Alert>
      )}
      <Rows
        title="What it does to each client"
        level="h3"
        variant="embedded"
        about={
          <>
            Seen in the last 30 days. The worst: <Verdict verdict={c.worst} /> {counts.map(([v, n]) => `${n} ${v}`).join(', ')}
          </>
        }
        rows={c.clients}
        id={r => `${r.user}@${r.source} ${r.application} ${r.tls} ${r.evidence.join()}`}
        text={inForm ? undefined : r => `${r.verdict} ${r.user} ${r.source} ${r.application}`} // Enter in a search would send the form
        page={10}
        columns={[
          { id: 'verdict', header: 'Verdict', cell: r => <Verdict verdict={r.verdict} />, by: r => r.verdict, width: 160 },
          { id: 'who', header: 'Client', head: true, cell: r => <>{r.user || '(no user)'}@{r.source || '?'}{r.application && <Box variant="small">{r.application}</Box>}</>, by: r => r.user },
          { id: 'why', header: 'Why', width: 220, cell: r => <>{r.why}{r.until && <Box variant="small">safe until <When at={r.until} show="day" /></Box>}</> },
          { id: 'evidence', header: 'Evidence', width: 220, cell: r => r.evidence.map((e, n) => <Box key={n} variant="small" display="block">{e}</Box>) },
        ]}
        empty="No client was seen in the last 30 days, and none reported itself."
      />
    </SpaceBetween>
  );
}
