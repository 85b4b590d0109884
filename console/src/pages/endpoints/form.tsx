import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { verifies, type EndpointEngine } from '../../api/engines';
import type { Certificate, Endpoint } from '../../api/migration';
import { ActButton } from '../../parts/act_button';
import { Command } from '../../parts/command';
import { Problem } from '../../parts/problem';
import { useAct } from '../../parts/use_act';
import { command, input, settingsOf, type Settings } from './settings';
import { TLSFields } from './tls';

interface Props {
  engines: EndpointEngine[];
  certificates: Certificate[];
  start: Settings;
  before?: Endpoint; // that is changed
  onImported: (c: Certificate) => void;
  onSave: (s: Settings) => Promise<void>;
  onCancel: () => void;
}

/** Where the database is, as whom, and how its TLS is verified. */
export function EndpointForm({ engines, certificates, start, before, onImported, onSave, onCancel }: Props) {
  const { region } = useApp();
  const [s, setAll] = useState(start);
  const { busy, error, run } = useAct();
  const set = (change: Partial<Settings>) => setAll(old => ({ ...old, ...change }));
  const engine = engines.find(e => e.name === s.engine);
  const fits = engines.filter(e => s.type === 'target' || e.source_and_target);
  const choose = (to: EndpointEngine | undefined, type: Settings['type']) =>
    set({
      type,
      engine: to?.name ?? '',
      port: to && (s.port === '' || s.port === String(engine?.port)) ? String(to.port) : s.port,
      mode: to?.modes.some(m => m === s.mode) ? s.mode : 'none',
      ...(to?.wallet !== engine?.wallet && { certificate: '' }),
    });
  const ready = s.name !== '' && s.engine !== '' && s.host !== '' && s.port !== '' && (!verifies(s.mode) || s.certificate !== '') && (!before || Object.keys(input(s, settingsOf(before))).length > 0);
  return (
    <form
      onSubmit={e => {
        e.preventDefault();
        if (ready && !busy) void run(() => onSave(s));
      }}
    >
      <Form
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={onCancel}>
              Cancel
            </Button>
            <ActButton variant="primary" loading={busy} unless={ready ? '' : before ? 'Nothing is changed, or something is missing.' : 'Name, engine, server, port and what the SSL mode needs have to be given.'}>
              {before ? 'Modify' : 'Create endpoint'}
            </ActButton>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <Problem error={error} what={before ? 'The endpoint is not changed' : 'The endpoint is not created'} />
          <Container header={<Header variant="h2">Database</Header>}>
            <SpaceBetween size="m">
              <FormField label="Type">
                <RadioGroup
                  value={s.type}
                  onChange={e => {
                    const type = e.detail.value as Settings['type'];
                    choose(type === 'target' || engine?.source_and_target ? engine : undefined, type);
                  }}
                  items={[
                    { value: 'source', label: 'Source', description: 'Data is read from it.' },
                    { value: 'target', label: 'Target', description: 'Data is written to it.' },
                  ]}
                />
              </FormField>
              <FormField label="Name" constraintText="Letters, digits and hyphens, a letter first.">
                <Input value={s.name} onChange={e => set({ name: e.detail.value })} />
              </FormField>
              <FormField label="Engine">
                <Select
                  selectedOption={engine ? { value: engine.name, label: engine.display } : null}
                  options={fits.map(e => ({ value: e.name, label: e.display, description: `${e.name}: ${e.modes.join(', ')}` }))}
                  placeholder="Choose an engine"
                  filteringType="auto"
                  onChange={e => choose(engines.find(x => x.name === e.detail.selectedOption.value), s.type)}
                />
              </FormField>
              <FormField label="Server" description="The name that verify-full compares the certificate with.">
                <Input value={s.host} placeholder="db.example.com" onChange={e => set({ host: e.detail.value })} />
              </FormField>
              <FormField label="Port">
                <Input value={s.port} type="number" onChange={e => set({ port: e.detail.value })} />
              </FormField>
              <FormField label="User">
                <Input value={s.user} autoComplete="off" onChange={e => set({ user: e.detail.value })} />
              </FormField>
              <FormField label="Password" description={before && 'Left empty, it stays as it is.'}>
                <Input value={s.password} type="password" autoComplete="new-password" onChange={e => set({ password: e.detail.value })} />
              </FormField>
              <FormField label="Database">
                <Input value={s.database} onChange={e => set({ database: e.detail.value })} />
              </FormField>
            </SpaceBetween>
          </Container>
          <Container header={<Header variant="h2">TLS</Header>}>
            <TLSFields engine={engine} certificates={certificates} settings={s} onChange={set} onImported={onImported} />
          </Container>
          <Command text={command(s, region, before)} />
        </SpaceBetween>
      </Form>
    </form>
  );
}
