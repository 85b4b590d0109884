import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import type { Finding, Outcome } from '../../api/lint';
import { sentence } from '../../parts/sentence';
import { Verdict } from '../../parts/verdict';
import { When } from '../../parts/when';

const marks: Record<string, StatusIndicatorProps.Type> = {
  always: 'success',
  'chain and name': 'success',
  maybe: 'warning',
  chain: 'warning',
  'validity dates only': 'error',
  never: 'error',
  nothing: 'error',
};

/** A word of the answer, with how good that is. */
function Answer({ word }: { word: string }) {
  return <StatusIndicator type={marks[word] ?? 'pending'}>{word}</StatusIndicator>;
}

const store = (t: { kind: string; path?: string }) => [t.kind, t.path].filter(Boolean).join(' ') || 'none';

/** What one string does about TLS, why, and what to change. */
export function FindingCard({ finding: f }: { finding: Finding }) {
  const outcomes = f.outcomes ?? [];
  return (
    <Container
      header={
        <Header variant="h3" description={[f.version && `version ${f.version}`, f.user && `as ${f.user}`, f.host && `to ${f.host}${f.port ? `:${f.port}` : ''}`].filter(Boolean).join(', ')} actions={f.verdict && <Verdict verdict={f.verdict} />}>
          {f.name || f.driver || 'Unknown client'}
        </Header>
      }
    >
      <SpaceBetween size="s">
        <Box variant="code">{f.text}</Box>
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'Encrypts', value: <Answer word={f.encrypts} /> },
            { label: 'Verifies', value: <Answer word={f.verifies} /> },
            { label: 'Trust store', value: store(f.trust) },
          ]}
        />
        <div>
          {sentence(f.why)}
          {f.until && (
            <>
              {' '}
              Safe until <When at={f.until} show="day" />.
            </>
          )}
        </div>
        {f.fix && (
          <Alert type="info" header="Fix">
            {sentence(f.fix)}
          </Alert>
        )}
        {f.notes?.map(n => (
          <Box key={n} variant="small">
            {sentence(n)}
          </Box>
        ))}
        {outcomes.length > 0 && (
          <ExpandableSection headerText={outcomes.length === 1 ? 'The rule and its source' : `It depends on the version: ${outcomes.length} ranges`} defaultExpanded={outcomes.length > 1}>
            <SpaceBetween size="s">
              {outcomes.map(o => (
                <Range key={`${o.rule} ${o.since ?? ''}`} outcome={o} />
              ))}
            </SpaceBetween>
          </ExpandableSection>
        )}
      </SpaceBetween>
    </Container>
  );
}

function Range({ outcome: o }: { outcome: Outcome }) {
  const versions = o.since && o.before ? `from ${o.since}, before ${o.before}` : o.since ? `from ${o.since}` : o.before ? `before ${o.before}` : 'every version';
  return (
    <div>
      <strong>{versions}</strong>: encrypts <Answer word={o.encrypts} />, verifies <Answer word={o.verifies} />. {o.why}
      <Box variant="small" display="block" color="text-body-secondary">
        {o.proof}: {o.source} (rule {o.rule})
      </Box>
    </div>
  );
}
