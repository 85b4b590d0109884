import Alert from '@cloudscape-design/components/alert';
import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import { useEffect, useState } from 'react';
import { useApp } from '../../app/context';
import { get } from '../../api/native';
import { rds } from '../../api/rds';
import type { Databases } from '../../api/types';
import { word } from '../../parts/command';
import { FormModal } from '../../parts/form_modal';
import { clusters, versions, type Group } from './data';

interface Choice {
  name: string;
  about: string;
}

/** Who could have the group: of its family, and with another group now. */
async function choices(group: Group, search: string): Promise<Choice[]> {
  const fits = (await versions()).filter(v => v.family === group.family);
  const is = (engine: string, version: string) => fits.some(v => v.engine === engine && v.version === version);
  if (group.kind === 'cluster-pg') {
    const all = (await clusters()).filter(c => is(c.engine, c.version) && c.group !== group.name && c.name.includes(search));
    return all.map(c => ({ name: c.name, about: `${c.engine} ${c.version}, now ${c.group}` }));
  }
  const engines = [...new Set(fits.map(v => v.engine))];
  const found = await Promise.all(engines.map(engine => get<Databases>('databases', { engine, q: search, size: '100' })));
  return found.flatMap(f => f.databases.filter(d => is(d.engine, d.version) && d.group !== group.name)).map(d => ({ name: d.name, about: `${d.engine} ${d.version}, now ${d.group}` }));
}

/** Gives the group to a database or a cluster. */
export function Attach({ group, onClose }: { group: Group; onClose: () => void }) {
  const { say } = useApp();
  const [name, setName] = useState('');
  const [search, setSearch] = useState('');
  const [found, setFound] = useState<Choice[]>();
  useEffect(() => {
    let over = false;
    const timer = setTimeout(() => {
      choices(group, search).then(
        all => !over && setFound(all),
        () => !over && setFound([]),
      );
    }, 200);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [group, search]);
  const cluster = group.kind === 'cluster-pg';
  const noun = cluster ? 'cluster' : 'database';
  const command = cluster
    ? `aws rds modify-db-cluster --db-cluster-identifier ${word(name || 'NAME')} --db-cluster-parameter-group-name ${word(group.name)} --apply-immediately`
    : `aws rds modify-db-instance --db-instance-identifier ${word(name || 'NAME')} --db-parameter-group-name ${word(group.name)} --apply-immediately\naws rds reboot-db-instance --db-instance-identifier ${word(name || 'NAME')}   # takes it up`;
  return (
    <FormModal
      title={`Attach ${group.name}`}
      action="Attach"
      ready={name !== ''}
      command={command}
      onDo={() =>
        cluster
          ? rds('ModifyDBCluster', { DBClusterIdentifier: name, DBClusterParameterGroupName: group.name, ApplyImmediately: true })
          : rds('ModifyDBInstance', { DBInstanceIdentifier: name, DBParameterGroupName: group.name, ApplyImmediately: true })
      }
      onClose={done => {
        onClose();
        if (done) say('success', `${name} has the parameter group ${group.name}. It takes it up at its next reboot.`);
      }}
    >
      <FormField label={cluster ? 'Cluster' : 'Database'} description={`Only a ${noun} of the family ${group.family} can have it.`}>
        <Select
          selectedOption={name ? { value: name, label: name } : null}
          options={(found ?? []).map(c => ({ value: c.name, label: c.name, description: c.about }))}
          filteringType="manual"
          onLoadItems={e => setSearch(e.detail.filteringText)}
          statusType={found ? 'finished' : 'loading'}
          placeholder={`Choose a ${noun}`}
          empty={`No ${noun} of the family ${group.family} has another group.`}
          onChange={e => setName(e.detail.selectedOption.value ?? '')}
        />
      </FormField>
      <Alert type="info">A new group counts from the next reboot of the {noun} on. Sessions end with it; the old group holds until then.</Alert>
    </FormModal>
  );
}
