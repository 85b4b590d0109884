import Alert from '@cloudscape-design/components/alert';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { post } from '../../api/native';
import type { Overview } from '../../api/types';
import { ActButton } from '../../parts/act_button';
import { word } from '../../parts/command';
import { Confirm } from '../../parts/confirm';
import { Link } from '../../parts/link';
import { When } from '../../parts/when';

type Row = Overview['forcing'][number];

/** Changes of forced TLS that are undone unless somebody says that all went well. */
export function Forcing({ rows, onDone }: { rows: Row[]; onDone: () => void }) {
  const { region } = useApp();
  const [asking, ask] = useState<{ row: Row; verb: 'confirm' | 'undo' }>();
  return (
    <SpaceBetween size="s">
      {rows.map(row => (
        <Alert
          key={`${row.region} ${row.kind} ${row.group}`}
          type="info"
          header={`TLS is forced in ${row.group} (${row.region}) until it is confirmed`}
          action={
            <SpaceBetween direction="horizontal" size="xs">
              <ActButton variant="primary" unless={elsewhere(row, region)} onClick={() => ask({ row, verb: 'confirm' })} ariaLabel={`Confirm forced TLS in ${row.group}`}>
                Confirm
              </ActButton>
              <ActButton unless={elsewhere(row, region)} onClick={() => ask({ row, verb: 'undo' })} ariaLabel={`Undo forced TLS in ${row.group}`}>
                Undo
              </ActButton>
            </SpaceBetween>
          }
        >
          Undone by itself <When at={row.deadline} />. <Link to={`/parameter-groups/${row.kind}/${encodeURIComponent(row.group)}`}>See the group</Link>
        </Alert>
      ))}
      {asking && <Asked {...asking} onClose={done => (ask(undefined), done && onDone())} />}
    </SpaceBetween>
  );
}

function elsewhere(row: Row, region: string): string | undefined {
  return row.region === region ? undefined : `It is in ${row.region}; choose that region at the top.`;
}

// The native API's words for the kinds of groups.
const kinds: Record<string, string> = { pg: 'group', 'cluster-pg': 'cluster-group' };

function Asked({ row, verb, onClose }: { row: Row; verb: 'confirm' | 'undo'; onClose: (done: boolean) => void }) {
  const kind = kinds[row.kind] ?? row.kind;
  return (
    <Confirm
      title={verb === 'confirm' ? `Keep TLS forced in ${row.group}` : `Undo forced TLS in ${row.group}`}
      action={verb === 'confirm' ? 'Confirm' : 'Undo'}
      command={`dbtls force-tls ${word(row.group)} ${verb} --kind ${kind} --region ${row.region}`}
      onDo={() => post(`force-tls/${encodeURIComponent(row.group)}/${verb}`, { kind })}
      onClose={onClose}
    >
      {verb === 'confirm' ? 'Clients without TLS stay refused.' : 'The parameters go back to what they were; clients without TLS are let in again.'}
    </Confirm>
  );
}
