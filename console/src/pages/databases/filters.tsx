import Button from '@cloudscape-design/components/button';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useEffect, useState } from 'react';
import { list, rds, text } from '../../api/rds';
import { loadEngines } from './engines';

type Asked = Record<'q' | 'ca' | 'status' | 'engine' | 'group' | 'sort', string>;

const statuses = ['available', 'creating', 'modifying', 'rebooting', 'renaming', 'starting', 'stopping', 'stopped', 'deleting', 'failed'];

/** What of the databases is shown: by text, CA, status, engine. */
export function Filters({ asked, onChange }: { asked: Asked; onChange: (changes: Record<string, string>) => void }) {
  const [typed, type] = useState(asked.q);
  const [cas, setCAs] = useState<string[]>([]);
  const [engines, setEngines] = useState<string[]>([]);
  useEffect(() => {
    // Without these the filters offer less, which is no reason to say anything.
    rds('DescribeCertificates').then(a => setCAs(list(a, 'Certificates', 'Certificate').map(c => text(c, 'CertificateIdentifier'))), () => undefined);
    loadEngines().then(all => setEngines(all.map(e => e.engine)), () => undefined);
  }, []);
  useEffect(() => type(asked.q), [asked.q]);
  useEffect(() => {
    if (typed === asked.q) return;
    const timer = setTimeout(() => onChange({ q: typed }), 250); // not for every key
    return () => clearTimeout(timer);
  }, [typed, asked.q, onChange]);
  const any = asked.q || asked.ca || asked.status || asked.engine || asked.group;
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <TextFilter filteringText={typed} onChange={e => type(e.detail.filteringText)} filteringPlaceholder="Name, endpoint, cluster or group" filteringAriaLabel="Find databases" />
      <Choice name="CA" value={asked.ca} values={cas} onChange={ca => onChange({ ca })} />
      <Choice name="status" value={asked.status} values={statuses} onChange={status => onChange({ status })} />
      <Choice name="engine" value={asked.engine} values={engines} onChange={engine => onChange({ engine })} />
      {any && <Button onClick={() => (type(''), onChange({ q: '', ca: '', status: '', engine: '', group: '' }))}>Clear filters</Button>}
    </SpaceBetween>
  );
}

function Choice({ name, value, values, onChange }: { name: string; value: string; values: string[]; onChange: (value: string) => void }) {
  const all = value && !values.includes(value) ? [value, ...values] : values; // of a link
  const options = [{ value: '', label: `Any ${name}` }, ...all.map(v => ({ value: v, label: v }))];
  return <Select ariaLabel={`Filter by ${name}`} selectedOption={options.find(o => o.value === value) ?? options[0]!} options={options} onChange={e => onChange(e.detail.selectedOption.value ?? '')} expandToViewport />;
}
