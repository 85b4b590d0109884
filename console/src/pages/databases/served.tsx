import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useApp } from '../../app/context';
import { get } from '../../api/native';
import type { ProbeReport } from '../../api/types';
import { Chain } from '../../parts/chain';
import { Command } from '../../parts/command';
import { Problem } from '../../parts/problem';
import { useLoad } from '../../parts/use_load';
import { When } from '../../parts/when';
import type { Instance } from './instance';

// The words that dbtls probe has for engines are those of their URLs.
function urlOf(i: Instance): string {
  const scheme = i.engine.replace(/^aurora-/, '').replace(/^postgresql$/, 'postgres').replace(/-(se2?|ee|ex|web|dev-ee|ae)(-cdb)?$/, '');
  return `${scheme}://${i.host}:${i.port}`;
}

/** The chain that a handshake shows now, judged as a client that verifies all would. */
export function Served({ instance: i }: { instance: Instance }) {
  const { region } = useApp();
  const silent = !i.host || ['stopped', 'stopping', 'creating', 'deleting'].includes(i.status); // nothing answers
  const { data, error, loading, reload } = useLoad(async () => (silent ? undefined : get<ProbeReport>(`instances/${encodeURIComponent(i.name)}/chain`)), [silent, i.name, region, i.ca, i.validTill, i.status, i.host]);
  return (
    <Container
      header={
        <Header variant="h2" description={data ? <>A handshake at {data.target}, made <When at={data.time} show="relative" /></> : 'A handshake at its endpoint'} actions={<Button iconName="refresh" loading={loading} onClick={reload}>Look again</Button>}>
          Chain as served now
        </Header>
      }
    >
      <SpaceBetween size="m">
        <Problem error={error} what="The endpoint could not be looked at" />
        {!data && loading && <Spinner />}
        {silent && <Box color="text-body-secondary">It is {i.status}: nothing answers at its endpoint.</Box>}
        {data && <Report report={data} />}
        <Command text={`dbtls probe ${urlOf(i)} --ca ${region}-bundle.pem`} />
      </SpaceBetween>
    </Container>
  );
}

function Report({ report: r }: { report: ProbeReport }) {
  return (
    <SpaceBetween size="m">
      <KeyValuePairs
        columns={3}
        minColumnWidth={150}
        items={[
          { label: 'TLS', value: r.tls ? `${r.tls.version}, ${r.tls.cipher}` : 'no handshake' },
          { label: 'Key exchange', value: r.tls?.group || '–' },
          { label: 'Judged with', value: r.trust.source },
        ]}
      />
      <ul className="verdicts">
        {r.verdicts.map(v => (
          <li key={v.mode}>
            <StatusIndicator type={v.would_connect ? 'success' : 'error'}>{v.would_connect ? `${v.mode} connects` : `${v.mode} is refused (${v.code})`}</StatusIndicator>
            {!v.would_connect && (
              <Box color="text-body-secondary">
                {v.reason} {v.fix}
              </Box>
            )}
          </li>
        ))}
      </ul>
      {r.warnings.map(w => (
        <StatusIndicator key={w.code + w.text} type="warning">
          {w.text}
        </StatusIndicator>
      ))}
      <Chain certificates={r.chain} missing={r.trust.lacks} label="The chain as served" />
    </SpaceBetween>
  );
}
