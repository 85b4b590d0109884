import Badge from '@cloudscape-design/components/badge';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useApp } from '../../app/context';
import { useLive } from '../../api/live';
import { ActButton } from '../../parts/act_button';
import { Link } from '../../parts/link';
import { Problem } from '../../parts/problem';
import { Rows } from '../../parts/rows';
import { CreateGroup } from './create';
import { groups, isDefault, words } from './data';

/** Every parameter group of the region. */
export default function Groups() {
  const { region, say } = useApp();
  const [, navigate] = useLocation();
  const [creating, setCreating] = useState(false);
  const [which, setWhich] = useState<string>();
  const { data, error, reload } = useLive(groups, [region]);
  const own = data?.filter(g => !isDefault(g.name));
  const shown = which ?? (own?.length === 0 ? 'all' : 'own'); // defaults are many and cannot be changed
  return (
    <SpaceBetween size="m">
      <Problem error={error} what="The parameter groups could not be listed" onRetry={reload} />
      <Rows
        title="Parameter groups"
        level="h1"
        about="What servers are told, shared by all instances of a group. Forced TLS is switched here. Default groups cannot be changed: create one of your own and attach it."
        rows={shown === 'own' ? own : data}
        id={g => `${g.kind} ${g.name}`}
        text={g => `${g.name} ${g.family} ${g.description} ${words[g.kind].name}`}
        empty="There is no parameter group of your own. Create one for the family of your databases."
        filters={
          <SegmentedControl
            label="Which groups"
            selectedId={shown}
            onChange={e => setWhich(e.detail.selectedId)}
            options={[
              { id: 'own', text: 'Your own' },
              { id: 'all', text: 'With defaults' },
            ]}
          />
        }
        actions={
          <ActButton variant="primary" onClick={() => setCreating(true)}>
            Create parameter group
          </ActButton>
        }
        columns={[
          {
            id: 'name',
            header: 'Name',
            head: true,
            width: 180,
            by: g => g.name,
            cell: g => (
              <>
                <Link to={`/parameter-groups/${g.kind}/${encodeURIComponent(g.name)}`}>{g.name}</Link> {isDefault(g.name) && <Badge>default</Badge>}
              </>
            ),
          },
          { id: 'family', header: 'Family', width: 140, by: g => g.family, cell: g => g.family },
          { id: 'kind', header: 'Type', width: 160, by: g => g.kind, cell: g => words[g.kind].name },
          { id: 'about', header: 'Description', width: 180, cell: g => g.description },
        ]}
      />
      {creating && (
        <CreateGroup
          onClose={made => {
            setCreating(false);
            if (!made) return;
            say('success', `The parameter group ${made.name} is there. Attach it to a database, and change what it says.`);
            navigate(`/parameter-groups/${made.kind}/${encodeURIComponent(made.name)}`);
          }}
        />
      )}
    </SpaceBetween>
  );
}
