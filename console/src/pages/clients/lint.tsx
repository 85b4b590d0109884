import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { lint, type LintAnswer } from '../../api/lint';
import { useLive } from '../../api/live';
import { get } from '../../api/native';
import type { Hierarchy } from '../../api/types';
import { Command, word } from '../../parts/command';
import { Problem } from '../../parts/problem';
import { useAct } from '../../parts/use_act';
import { FindingCard } from './finding';

const example = 'jdbc:postgresql://db.example.com:5432/shop?sslmode=require';

/** Says what pasted connection strings really do. Nothing of it is kept. */
export function Lint() {
  const { region } = useApp();
  const [text, setText] = useState('');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [answer, setAnswer] = useState<LintAnswer>();
  const cas = useLive(() => get<Hierarchy>('cas'), [region]);
  const { busy, error, run } = useAct();
  const change = from && to && from !== to ? { from, to } : undefined;
  const options = [{ value: '', label: 'no change' }, ...(cas.data?.cas ?? []).map(ca => ({ value: ca.id, label: ca.id }))];
  const found = answer?.findings ?? [];
  const flags = change ? ` --from ${word(from)} --to ${word(to)}` : '';
  return (
    <SpaceBetween size="m">
      <form
        onSubmit={e => {
          e.preventDefault();
          setAnswer(undefined);
          void run(async () => setAnswer(await lint(text, change)));
        }}
      >
        <SpaceBetween size="m">
          <FormField
            stretch
            label="Connection strings and command lines, one in a line"
            description="JDBC, libpq, MongoDB, ADO.NET, ODBC, connect descriptors, psql, mysql, sqlcmd and others. Passwords are hidden in the answer, and nothing is kept."
          >
            <Textarea value={text} rows={6} spellcheck={false} placeholder={example} onChange={e => setText(e.detail.value)} />
          </FormField>
          <ColumnLayout columns={2}>
            <FormField label="Planned change from">
              <Select selectedOption={options.find(o => o.value === from) ?? options[0]!} options={options} onChange={e => setFrom(e.detail.selectedOption.value ?? '')} />
            </FormField>
            <FormField label="Planned change to" errorText={from && from === to ? 'These are the same CA.' : undefined}>
              <Select selectedOption={options.find(o => o.value === to) ?? options[0]!} options={options} onChange={e => setTo(e.detail.selectedOption.value ?? '')} />
            </FormField>
          </ColumnLayout>
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="primary" loading={busy} disabled={text.trim() === ''}>
              Lint
            </Button>
            <Button formAction="none" variant="link" onClick={() => setText(example)}>
              Use an example
            </Button>
          </SpaceBetween>
        </SpaceBetween>
      </form>
      <Problem error={error} what="It could not be linted" />
      <div aria-live="polite">
        <SpaceBetween size="m">
          {answer && found.length === 0 && <Alert type="info">Nothing in there is a connection string or a command line that is known.</Alert>}
          {found.map((f, n) => (
            <FindingCard key={`${n} ${f.text}`} finding={f} />
          ))}
        </SpaceBetween>
      </div>
      <Command text={`dbtls clients lint - --json${flags} < strings.txt`} />
      <Box color="text-body-secondary">Whole trees of files are read by dbtls clients lint DIRECTORY.</Box>
    </SpaceBetween>
  );
}
