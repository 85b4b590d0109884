import Box from '@cloudscape-design/components/box';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useLive } from '../../api/live';
import { get } from '../../api/native';
import { Command } from '../../parts/command';
import { Problem } from '../../parts/problem';
import { Rows } from '../../parts/rows';
import { When } from '../../parts/when';

interface Configured {
  databases?: string[];
  where: string;
  driver: string;
  version?: string;
  user?: string;
  encrypts: string;
  verifies: string;
  trust_kind?: string;
  trust_path?: string;
  store_read: boolean;
  anchors?: string[];
  rsa_only?: boolean;
}

interface Report {
  id: number;
  at: string;
  by: string;
  host: string;
  application?: string;
  sources: string[];
  clients: Configured[] | null;
}

/** What application hosts told of their own configuration in the last 30 days. */
export function Reports() {
  const { data, error, reload } = useLive(() => get<Report[]>('clients/reports'), []);
  return (
    <SpaceBetween size="m">
      <Problem error={error} what="The reports could not be read" onRetry={reload} />
      <Rows
        title="Host reports"
        about="What hosts told of themselves in the last 30 days. It is somebody's word, and counts as long as a login that was seen."
        rows={data}
        id={r => String(r.id)}
        text={r => `${r.host} ${r.application ?? ''} ${r.sources.join(' ')} ${r.by} ${(r.clients ?? []).map(c => `${c.driver} ${c.where} ${c.user ?? ''}`).join(' ')}`}
        empty={
          <SpaceBetween size="s">
            <span>No host has told of itself. Run this on the hosts of your applications, with the key of a user of the role reporter:</span>
            <Command text="dbtls clients report /etc/app /srv/app" label="On an application host" />
          </SpaceBetween>
        }
        columns={[
          { id: 'host', header: 'Host', head: true, width: 140, by: r => r.host, cell: r => r.host },
          { id: 'app', header: 'Application', by: r => r.application ?? '', cell: r => r.application || 'every one there' },
          { id: 'sources', header: 'Comes from', by: r => r.sources.join(), cell: r => r.sources.join(', ') },
          { id: 'at', header: 'Told', width: 140, by: r => r.at, cell: r => <When at={r.at} show="relative" /> },
          { id: 'by', header: 'By', by: r => r.by, cell: r => r.by },
          { id: 'clients', header: 'Configurations', width: 280, by: r => r.clients?.length ?? 0, cell: r => <Configurations rows={r.clients ?? []} /> },
        ]}
      />
    </SpaceBetween>
  );
}

function Configurations({ rows }: { rows: Configured[] }) {
  if (rows.length === 0) return <>none found</>;
  return (
    <ExpandableSection headerText={rows.length === 1 ? '1 configuration' : `${rows.length} configurations`}>
      <ul>
        {rows.map((c, n) => (
          <li key={`${c.where} ${n}`}>
            <strong>
              {c.driver} {c.version}
            </strong>{' '}
            {c.user && `as ${c.user} `}
            encrypts {c.encrypts}, verifies {c.verifies}
            <Box variant="small" display="block" color="text-body-secondary">
              {c.where}; to {c.databases?.join(', ') ?? 'any database'}; trust store {[c.trust_kind, c.trust_path].filter(Boolean).join(' ') || 'none'}
              {c.store_read ? `, opened: ${c.anchors?.length ?? 0} CAs of this server in it` : ', not opened'}
              {c.rsa_only && '; takes RSA certificates only'}
            </Box>
          </li>
        ))}
      </ul>
    </ExpandableSection>
  );
}
