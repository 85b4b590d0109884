import Badge from '@cloudscape-design/components/badge';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useState } from 'react';
import { useLocation, useParams } from 'wouter';
import { useApp } from '../../app/context';
import { useLive } from '../../api/live';
import { rds } from '../../api/rds';
import { ActButton, useMayNot } from '../../parts/act_button';
import { word } from '../../parts/command';
import { Confirm } from '../../parts/confirm';
import { NotFound } from '../../parts/not_found';
import { Problem } from '../../parts/problem';
import { Attach } from './attach';
import { isDefault, kindOf, oneGroup, parameters, words } from './data';
import { ForceTLS } from './force/panel';
import { Parameters } from './parameters';
import { Users } from './users';

/** One parameter group: forced TLS first, then whom it touches, then all that it says. */
export default function GroupPage() {
  const route = useParams<{ kind: string; name: string }>();
  const name = decodeURIComponent(route.name);
  const kind = kindOf(route.kind);
  const w = words[kind];
  const { region, say } = useApp();
  const mayNot = useMayNot();
  const [, navigate] = useLocation();
  const [asking, ask] = useState<'reset' | 'delete' | 'attach'>();
  const group = useLive(() => oneGroup(kind, name), [kind, name, region]);
  const values = useLive(() => parameters(kind, name), [kind, name, region]);
  if (group.error?.code === 'DBParameterGroupNotFound') return <NotFound what={`There is no ${w.name} ${name} in ${region}.`} />;
  if (group.loading) return <Spinner size="large" />;
  const fixed = isDefault(name);
  const locked = fixed ? 'A default group cannot be changed. Create one of your own.' : '';
  const no = mayNot ?? locked;
  const named = { [`${w.prefix}ParameterGroupName`]: name };
  const flag = `--${w.cli}-parameter-group-name ${word(name)}`;
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ButtonDropdown
              items={[
                { id: 'reset', text: 'Reset all parameters', disabled: no !== '', disabledReason: no },
                { id: 'delete', text: 'Delete', disabled: no !== '', disabledReason: no },
              ]}
              onItemClick={e => ask(e.detail.id as 'reset' | 'delete')}
            >
              Actions
            </ButtonDropdown>
            <ActButton variant="primary" onClick={() => ask('attach')}>
              {kind === 'pg' ? 'Attach to a database' : 'Attach to a cluster'}
            </ActButton>
          </SpaceBetween>
        }
      >
        {name} {fixed && <Badge>default</Badge>}
      </Header>
      <Problem error={group.error} what="The parameter group could not be read" onRetry={group.reload} />
      {group.data && (
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'Type', value: w.name },
            { label: 'Family', value: group.data.family },
            { label: 'Description', value: group.data.description },
          ]}
        />
      )}
      <ForceTLS kind={kind} name={name} exceptions={values.data?.some(p => p.name === 'dbtls.force_ssl_exceptions' && p.modifiable) ?? false} onChanged={values.reload} />
      <Users kind={kind} name={name} />
      <Problem error={values.error} what="The parameters could not be read" onRetry={values.reload} />
      <Parameters kind={kind} group={name} locked={locked} rows={values.data} onChanged={values.reload} />
      {asking === 'attach' && group.data && <Attach group={group.data} onClose={() => ask(undefined)} />}
      {asking === 'reset' && (
        <Confirm
          title={`Reset ${name}`}
          action="Reset"
          command={`aws rds reset-${w.cli}-parameter-group ${flag} --reset-all-parameters`}
          onDo={() => rds(`Reset${w.prefix}ParameterGroup`, { ...named, ResetAllParameters: true })}
          onClose={done => {
            ask(undefined);
            if (done) values.reload();
          }}
        >
          Every parameter of {name} goes back to its default: dynamic ones at once, static ones at each instance's reboot. Forced TLS that the group set is over then.
        </Confirm>
      )}
      {asking === 'delete' && (
        <Confirm
          title={`Delete ${name}`}
          action="Delete"
          name={name}
          command={`aws rds delete-${w.cli}-parameter-group ${flag}`}
          onDo={() => rds(`Delete${w.prefix}ParameterGroup`, named)}
          onClose={done => {
            ask(undefined);
            if (!done) return;
            say('success', `The parameter group ${name} is deleted.`);
            navigate('/parameter-groups');
          }}
        >
          The {w.name} {name} is deleted. A group that is in use is not.
        </Confirm>
      )}
    </SpaceBetween>
  );
}
