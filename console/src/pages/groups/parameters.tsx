import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import { useState } from 'react';
import { ActButton } from '../../parts/act_button';
import { Rows } from '../../parts/rows';
import type { Kind, Parameter } from './data';
import { EditParameter } from './edit';

interface Props {
  kind: Kind;
  group: string;
  locked: string; // why none can be changed
  rows: Parameter[] | undefined;
  onChanged: () => void;
}

/** Every parameter of the family, with what the group says. */
export function Parameters({ kind, group, locked, rows, onChanged }: Props) {
  const [editing, edit] = useState<Parameter>();
  const [which, setWhich] = useState('all');
  const shown = which === 'user' ? rows?.filter(p => p.source === 'user') : rows;
  return (
    <>
      <Rows
        title="Parameters"
        rows={shown}
        id={p => p.name}
        text={p => `${p.name} ${p.description} ${p.value}`}
        empty={which === 'user' ? 'The group sets nothing: all parameters have their defaults.' : 'This family has no parameters.'}
        actions={
          <SegmentedControl
            label="Which parameters"
            selectedId={which}
            onChange={e => setWhich(e.detail.selectedId)}
            options={[
              { id: 'all', text: 'All' },
              { id: 'user', text: 'Set in this group' },
            ]}
          />
        }
        columns={[
          {
            id: 'name',
            header: 'Name',
            head: true,
            width: 200,
            by: p => p.name,
            cell: p => (
              <>
                {p.name}
                <Box variant="small" display="block" color="text-body-secondary">
                  {p.description}
                </Box>
              </>
            ),
          },
          { id: 'value', header: 'Value', width: 140, by: p => p.value, cell: p => <Value parameter={p} /> },
          {
            id: 'when',
            header: 'Takes effect',
            width: 150,
            by: p => p.applyType,
            cell: p => (p.applyType === 'static' ? 'at a reboot (pending-reboot)' : 'at once'),
          },
          {
            id: 'edit',
            header: 'Change',
            width: 110,
            cell: p => (
              <ActButton variant="inline-link" unless={locked || (p.modifiable ? '' : 'This parameter cannot be changed.')} onClick={() => edit(p)} ariaLabel={`Change ${p.name}`}>
                Change
              </ActButton>
            ),
          },
        ]}
      />
      {editing && (
        <EditParameter
          kind={kind}
          group={group}
          parameter={editing}
          onClose={done => {
            edit(undefined);
            if (done) onChanged();
          }}
        />
      )}
    </>
  );
}

function Value({ parameter: p }: { parameter: Parameter }) {
  if (p.source === 'engine-default' && p.value === '') return <Box color="text-body-secondary">the engine's default</Box>;
  return (
    <>
      {p.value === '' ? '(empty)' : p.value} {p.source === 'user' && <Badge color="blue">set here</Badge>}
    </>
  );
}
