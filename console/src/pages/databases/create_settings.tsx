import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useEffect, useState } from 'react';
import { clustered } from './create_request';
import type { FieldsProps } from './create_engine';
import { loadCAs } from './engines';
import { groupsOf } from './groups';

/** What a database is called, who is its master, and where it runs. */
export function SettingsFields({ wanted, wrong, change }: FieldsProps) {
  const [groups, setGroups] = useState<string[]>([]);
  useEffect(() => {
    let mine = true;
    setGroups([]);
    if (wanted.engine && wanted.version) {
      // Without the groups, the default one is all that is offered.
      loadCAs(wanted.engine, wanted.version)
        .then(v => (v ? groupsOf(v.family) : []))
        .then(all => mine && setGroups(all), () => undefined);
    }
    return () => void (mine = false);
  }, [wanted.engine, wanted.version]);
  const own = groups.filter(g => !g.startsWith('default.'));
  const groupOptions = [{ value: '', label: 'The default of this version' }, ...own.map(g => ({ value: g, label: g }))];
  return (
    <SpaceBetween size="m">
      <FormField label="DB instance identifier" errorText={wrong.name} constraintText="Its endpoint and its server certificate carry this name.">
        <Input value={wanted.name} onChange={e => change({ name: e.detail.value })} placeholder="shop" autoComplete={false} />
      </FormField>
      {clustered(wanted.engine) && (
        <FormField label="DB cluster identifier" errorText={wrong.cluster} constraintText="Made if it is not there; otherwise it gets one more instance, and its master stays.">
          <Input value={wanted.cluster} onChange={e => change({ cluster: e.detail.value })} placeholder="shop-cluster" autoComplete={false} />
        </FormField>
      )}
      <FormField label="DB instance class">
        <RadioGroup
          value={wanted.class}
          onChange={e => change({ class: e.detail.value })}
          items={[
            { value: 'db.local', label: 'db.local', description: 'A real server process on this machine, where the engine is installed.' },
            { value: 'db.simulated', label: 'db.simulated', description: 'dbtls plays the server up to the end of its TLS handshake: for practice and tests.' },
          ]}
        />
      </FormField>
      <FormField label="Master username" errorText={wrong.user}>
        <Input value={wanted.user} onChange={e => change({ user: e.detail.value })} autoComplete={false} />
      </FormField>
      <FormField label="Master password" errorText={wrong.password} constraintText="At least 8 characters. It goes to the server and is not kept here.">
        <Input type="password" value={wanted.password} onChange={e => change({ password: e.detail.value })} nativeInputAttributes={{ autoComplete: 'new-password' }} />
      </FormField>
      <FormField label="Database name" description="Optional: a database that is made inside.">
        <Input value={wanted.database} onChange={e => change({ database: e.detail.value })} autoComplete={false} />
      </FormField>
      <FormField label="DB parameter group">
        <Select selectedOption={groupOptions.find(o => o.value === wanted.group) ?? groupOptions[0]!} options={groupOptions} onChange={e => change({ group: e.detail.selectedOption.value ?? '' })} />
      </FormField>
      <FormField label="Allocated storage (GiB)" description="So much has to be free on this machine.">
        <Input type="number" inputMode="numeric" value={wanted.storage} onChange={e => change({ storage: e.detail.value })} />
      </FormField>
      <Checkbox checked={wanted.protected} onChange={e => change({ protected: e.detail.checked })} description="It cannot be deleted until this is taken off.">
        Deletion protection
      </Checkbox>
    </SpaceBetween>
  );
}
