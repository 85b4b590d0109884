import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { get } from '../../api/native';
import type { Snippet, Snippets } from '../../api/types';
import { Problem } from '../../parts/problem';
import { useLoad } from '../../parts/use_load';
import type { Instance } from './instance';
import './databases.css';

/** How each client is made to verify this database, ready to copy. */
export function SnippetsOf({ instance: i }: { instance: Instance }) {
  const { region } = useApp();
  const { data, error } = useLoad(() => get<Snippets>(`instances/${encodeURIComponent(i.name)}/snippets`), [i.name, region, i.host]);
  const [id, choose] = useState('');
  const options = (data?.clients ?? []).map(c => ({ value: c.id, label: c.title, description: c.id }));
  const client = data?.clients.find(c => c.id === id) ?? data?.clients[0];
  return (
    <Container header={<Header variant="h2" description="With full verification: the CA and the name of the server">Connect from a client</Header>}>
      <SpaceBetween size="m">
        <Problem error={error} what="The snippets could not be read" />
        {data && !client && <Box color="text-body-secondary">dbtls has no snippets for clients of {i.engine}. Give the client the bundle of the region, and let it verify the CA and the host name.</Box>}
        {client && (
          <FormField label="Client">
            <Select selectedOption={options.find(o => o.value === client.id) ?? null} options={options} onChange={e => choose(e.detail.selectedOption.value ?? '')} filteringType="auto" />
          </FormField>
        )}
        {client && <OfClient client={client} region={region} />}
      </SpaceBetween>
    </Container>
  );
}

function OfClient({ client: c, region }: { client: Snippet; region: string }) {
  return (
    <SpaceBetween size="s">
      <Code title="Make the trust store" text={c.store.replaceAll('--region REGION', `--region ${region}`)} />
      <Code title="The settings that make it verify" text={c.settings} />
      <Code title={`A whole file: ${c.file}`} text={c.snippet} />
      <Code title="The query that proves it" text={c.proof} />
      {c.notes && <Box color="text-body-secondary">{c.notes}</Box>}
    </SpaceBetween>
  );
}

function Code({ title, text }: { title: string; text: string }) {
  if (!text) return null;
  return (
    <div>
      <Box variant="awsui-key-label">{title}</Box>
      <div className="snippet">
        <pre tabIndex={0}>{text}</pre>
        <CopyToClipboard variant="icon" textToCopy={text} copyButtonAriaLabel={`Copy: ${title}`} copySuccessText="Copied" copyErrorText="Not copied" />
      </div>
    </div>
  );
}
