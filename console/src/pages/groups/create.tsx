import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import Select from '@cloudscape-design/components/select';
import { useState } from 'react';
import { useLive } from '../../api/live';
import { rds } from '../../api/rds';
import { word } from '../../parts/command';
import { FormModal } from '../../parts/form_modal';
import { versions, words, type Kind } from './data';

interface Props {
  onClose: (made?: { kind: Kind; name: string }) => void;
}

/** Asks for a new group's family and name. */
export function CreateGroup({ onClose }: Props) {
  const [kind, setKind] = useState<Kind>('pg');
  const [family, setFamily] = useState('');
  const [name, setName] = useState('');
  const [about, setAbout] = useState('');
  const known = useLive(versions, []);
  const w = words[kind];
  const byFamily = new Map<string, Set<string>>();
  for (const v of known.data ?? []) {
    if (kind === 'cluster-pg' && !v.engine.startsWith('aurora')) continue;
    byFamily.set(v.family, (byFamily.get(v.family) ?? new Set()).add(v.name));
  }
  const options = [...byFamily].sort().map(([value, names]) => ({ value, label: value, description: [...names].join(', ') }));
  return (
    <FormModal
      title="Create parameter group"
      action="Create"
      ready={name !== '' && family !== '' && about !== ''}
      command={`aws rds create-${w.cli}-parameter-group --${w.cli}-parameter-group-name ${word(name || 'NAME')} --db-parameter-group-family ${word(family || 'FAMILY')} --description ${word(about || 'DESCRIPTION')}`}
      onDo={() => rds(`Create${w.prefix}ParameterGroup`, { [`${w.prefix}ParameterGroupName`]: name, DBParameterGroupFamily: family, Description: about })}
      onClose={done => onClose(done ? { kind, name: name.toLowerCase() } : undefined)}
    >
      <FormField label="Type">
        <RadioGroup
          value={kind}
          onChange={e => {
            setKind(e.detail.value as Kind);
            setFamily('');
          }}
          items={[
            { value: 'pg', label: 'DB parameter group', description: 'For instances.' },
            { value: 'cluster-pg', label: 'DB cluster parameter group', description: 'For all members of Aurora clusters.' },
          ]}
        />
      </FormField>
      <FormField label="Family" description="The engine and major version that the group is for.">
        <Select
          selectedOption={options.find(o => o.value === family) ?? null}
          options={options}
          filteringType="auto"
          placeholder="Choose a family"
          statusType={known.loading ? 'loading' : known.error ? 'error' : 'finished'}
          empty="This server has no engine of that kind."
          onChange={e => setFamily(e.detail.selectedOption.value ?? '')}
        />
      </FormField>
      <FormField label="Name" constraintText="Letters, digits and hyphens, a letter first.">
        <Input value={name} onChange={e => setName(e.detail.value)} />
      </FormField>
      <FormField label="Description">
        <Input value={about} onChange={e => setAbout(e.detail.value)} />
      </FormField>
    </FormModal>
  );
}
