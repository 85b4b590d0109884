import Alert from '@cloudscape-design/components/alert';
import Badge, { type BadgeProps } from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { ForceClient, ForceInstance, ForcePlan, ForceVerdict } from '../../../api/force_tls';
import { DatabaseLink } from '../../../parts/database_link';
import { Rows } from '../../../parts/rows';
import { sentence } from '../../../parts/sentence';
import { When } from '../../../parts/when';

const order: ForceVerdict[] = ['REFUSED', 'UNKNOWN', 'UPGRADED', 'EXCEPTED', 'UNAFFECTED'];
const colours: Record<ForceVerdict, BadgeProps['color']> = { REFUSED: 'severity-critical', UNKNOWN: 'severity-medium', UPGRADED: 'blue', EXCEPTED: 'grey', UNAFFECTED: 'green' };
const means: Record<ForceVerdict, string> = {
  REFUSED: 'comes without TLS and is not let in any more',
  UNKNOWN: 'nobody saw whether it uses TLS',
  UPGRADED: 'is encrypted without having asked, and still verifies nothing',
  EXCEPTED: 'is let in without TLS until its exception ends',
  UNAFFECTED: 'uses TLS, or comes over no network',
};

/** How many clients of a plan have a verdict. */
export const count = (plan: ForcePlan, v: ForceVerdict): number => plan.instances.reduce((sum, i) => sum + (i.clients_by_verdict[v] ?? 0), 0);

/** Whether the plan knows all who come. */
export const gaps = (plan: ForcePlan): boolean => plan.instances.some(i => i.gap);

/** What forced TLS does, per instance: the worst first. */
export function Report({ plan }: { plan: ForcePlan }) {
  const told = order.filter(v => count(plan, v) > 0);
  const open = plan.instances.some(concerned);
  const worst = (i: ForceInstance) => (i.clients_by_verdict.REFUSED ? 0 : i.clients_by_verdict.UNKNOWN || i.gap ? 1 : 2);
  const instances = [...plan.instances].sort((a, b) => worst(a) - worst(b));
  return (
    <SpaceBetween size="s">
      {told.map(v => (
        <div key={v}>
          <Badge color={colours[v]}>{`${count(plan, v)} ${v}`}</Badge> {means[v]}
        </div>
      ))}
      {plan.instances.length === 0 && <Box color="text-body-secondary">No instance uses this group, so nobody is refused.</Box>}
      {plan.instances.length > 0 && !open && <StatusIndicator type="success">Every server of the group refuses clients without TLS already.</StatusIndicator>}
      {told.length === 0 && open && !gaps(plan) && <StatusIndicator type="success">No client is refused, and every login was watched.</StatusIndicator>}
      {instances.map((i, n) => (
        <ExpandableSection key={i.instance} defaultExpanded={n === 0} headerText={i.instance} headerDescription={`${i.engine} ${i.version} · ${summary(i)}`}>
          <Instance plan={i} />
        </ExpandableSection>
      ))}
    </SpaceBetween>
  );
}

/** Whether the change does anything to an instance. */
const concerned = (i: ForceInstance): boolean => i.takes_effect !== 'none' && i.takes_effect !== 'not in its hand';

function summary(i: ForceInstance): string {
  const parts = order.filter(v => i.clients_by_verdict[v]).map(v => `${i.clients_by_verdict[v]} ${v}`);
  if (i.gap) parts.push('not all was watched');
  const effect = i.takes_effect === 'none' ? 'it does so already' : `takes effect ${i.takes_effect}`;
  return [effect, ...parts].join(', ');
}

function Instance({ plan: i }: { plan: ForceInstance }) {
  if (!concerned(i) && i.clients.length === 0) return <Box>{sentence(i.why) || 'Nothing changes here.'}</Box>;
  return (
    <SpaceBetween size="s">
      {i.why && <Box>{sentence(i.why)}</Box>}
      {i.gap && (
        <Alert type="warning" header="Not every login was watched">
          {sentence(i.gap)} {sentence(i.fix)}
        </Alert>
      )}
      {i.refusal && (
        <Box>
          A client that is refused is told <Box variant="code">{i.refusal}</Box>
          {i.means && `, which means: ${i.means}`}.
        </Box>
      )}
      {i.upgrades && <Box>This server refuses nobody: it encrypts clients that did not ask for it.</Box>}
      <Rows<ForceClient>
        title={`Clients of ${i.instance}`}
        level="h3"
        variant="embedded"
        about={
          <>
            Seen since <When at={i.since} show="day" />
            {i.more ? `; ${i.more} more are not listed` : ''}. <DatabaseLink name={i.instance} tab="sessions">Sessions</DatabaseLink>
          </>
        }
        rows={i.clients}
        id={c => `${c.user} ${c.source} ${c.application ?? ''}`}
        text={c => `${c.user} ${c.source} ${c.application ?? ''} ${c.verdict}`}
        empty={i.gap ? 'No client was seen, and not all was watched.' : 'No client was seen.'}
        page={10}
        columns={[
          { id: 'verdict', header: 'Verdict', width: 130, by: c => order.indexOf(c.verdict), cell: c => <Badge color={colours[c.verdict]}>{c.verdict}</Badge> },
          { id: 'user', header: 'User', head: true, by: c => c.user, cell: c => c.user || '–' },
          {
            id: 'from',
            header: 'From',
            width: 130,
            by: c => `${c.source} ${c.application ?? ''}`,
            cell: c => (
              <>
                {c.source || '–'}
                {c.application && (
                  <Box variant="small" display="block" color="text-body-secondary">
                    {c.application}
                  </Box>
                )}
              </>
            ),
          },
          { id: 'plain', header: 'Plain / TLS', by: c => c.plain, cell: c => `${c.plain} / ${c.encrypted}${c.unknown ? `, ${c.unknown} unknown` : ''}` },
          { id: 'last', header: 'Last seen', width: 130, by: c => c.last_seen, cell: c => <When at={c.last_seen} show="relative" /> },
          {
            id: 'why',
            header: 'Why',
            width: 160,
            cell: c => (
              <>
                {c.why ?? means[c.verdict]}
                {c.excepted_until && (
                  <>
                    {' '}
                    (until <When at={c.excepted_until} />)
                  </>
                )}
              </>
            ),
          },
        ]}
      />
    </SpaceBetween>
  );
}
