import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState, type FormEvent } from 'react';
import type { Me } from '../api/http';

export function SignIn({ onEnter }: { onEnter: (me: Me) => void }) {
  const [id, setId] = useState('');
  const [secret, setSecret] = useState('');
  const [refused, setRefused] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setBusy(true);
    try {
      const response = await fetch('/console/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ access_key_id: id.trim(), secret_access_key: secret.trim() }) });
      if (response.ok) return onEnter((await response.json()) as Me);
      setRefused(((await response.json()) as { message: string }).message);
    } catch {
      setRefused('The server does not answer.');
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <Container header={<Header variant="h1">Sign in to dbtls</Header>}>
        <form onSubmit={submit}>
          <Form actions={<Button variant="primary" loading={busy}>Sign in</Button>}>
            <SpaceBetween size="m">
              {refused && <Alert type="error">{refused}</Alert>}
              <Box>
                Open the link that <Box variant="code">dbtls console</Box> prints on the server, or give an access key.
              </Box>
              <FormField label="Access key ID">
                <Input value={id} onChange={e => setId(e.detail.value)} autoComplete="username" autoFocus />
              </FormField>
              <FormField label="Secret access key">
                <Input type="password" value={secret} onChange={e => setSecret(e.detail.value)} autoComplete="current-password" />
              </FormField>
            </SpaceBetween>
          </Form>
        </form>
      </Container>
    </main>
  );
}
