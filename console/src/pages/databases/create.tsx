import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Form from '@cloudscape-design/components/form';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState, type FormEvent } from 'react';
import { useLocation } from 'wouter';
import { useApp } from '../../app/context';
import { ApiError } from '../../api/http';
import { ActButton, useMayNot } from '../../parts/act_button';
import { Command } from '../../parts/command';
import { Problem } from '../../parts/problem';
import { EngineFields } from './create_engine';
import { commandOf, create, mistakes, nothing, type Wanted } from './create_request';
import { SettingsFields } from './create_settings';

/** Creates a database. */
export default function Page() {
  const { region, say } = useApp();
  const [, navigate] = useLocation();
  const [wanted, setWanted] = useState<Wanted>(nothing);
  const [tried, setTried] = useState(false); // mistakes are shown from the first try on
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const change = (changes: Partial<Wanted>) => setWanted(w => ({ ...w, ...changes }));
  const wrong = mistakes(wanted);
  const mayNot = useMayNot();
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setTried(true);
    if (Object.keys(wrong).length > 0 || busy || mayNot) return;
    setBusy(true);
    setError(undefined);
    try {
      await create(wanted);
      say('success', `${wanted.name} is being created.`);
      navigate(`/databases/${encodeURIComponent(wanted.name.toLowerCase())}`);
    } catch (e) {
      setError(e instanceof ApiError ? e : new ApiError('Failed', String(e), 0));
      setBusy(false);
    }
  };
  const shown = tried ? wrong : {};
  return (
    <ContentLayout header={<Header variant="h1">Create database</Header>}>
      <form onSubmit={submit}>
        <Form
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" formAction="none" onClick={() => navigate('/databases')}>
                Cancel
              </Button>
              <ActButton variant="primary" loading={busy}>
                Create database
              </ActButton>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">
            <Container header={<Header variant="h2">Engine and certificate authority</Header>}>
              <EngineFields wanted={wanted} wrong={shown} change={change} />
            </Container>
            <Container header={<Header variant="h2">Settings</Header>}>
              <SettingsFields wanted={wanted} wrong={shown} change={change} />
            </Container>
            {wanted.engine && wanted.name ? <Command text={commandOf(wanted, region)} /> : <Box color="text-body-secondary">The command that does the same stands here as soon as there is a name and an engine.</Box>}
            <Problem error={error} what="It was not created" />
          </SpaceBetween>
        </Form>
      </form>
    </ContentLayout>
  );
}
