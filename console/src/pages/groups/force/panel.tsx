import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useMemo, useState } from 'react';
import { useApp } from '../../../app/context';
import type { ForcePlan } from '../../../api/force_tls';
import { useLive } from '../../../api/live';
import { get } from '../../../api/native';
import { ActButton } from '../../../parts/act_button';
import { Command, word } from '../../../parts/command';
import { Problem } from '../../../parts/problem';
import { isDefault, words, type Kind } from '../data';
import { Apply } from './apply';
import { Exceptions, wordsOf, type Exception } from './exceptions';
import { PendingChange } from './pending';
import { Report } from './report';

interface Props {
  kind: Kind;
  name: string;
  exceptions: boolean; // the family can let single clients in without TLS
  onChanged: () => void;
}

const sinces = [7, 30, 90].map(days => ({ value: String(days), label: `the last ${days} days` }));

/** Forced TLS of a group: who would be refused, and only then the switch. */
export function ForceTLS({ kind, name, exceptions, onChanged }: Props) {
  const { region } = useApp();
  const [days, setDays] = useState('30');
  const [except, setExcept] = useState<Exception[]>([]);
  const [applying, setApplying] = useState<'on' | 'off'>();
  const since = useMemo(() => new Date(Date.now() - Number(days) * 86_400_000).toISOString(), [days]);
  const asked = wordsOf(except);
  const { data: plan, error, loading, reload } = useLive(() => {
    const q = new URLSearchParams({ state: 'on', kind: words[kind].force, since });
    for (const e of asked) q.append('except', e);
    return get<ForcePlan>(`force-tls/${encodeURIComponent(name)}/plan?${q}`);
  }, [kind, name, region, since, asked.join(' ')]);
  if (error?.code === 'InvalidCombination' && !plan) {
    return <Container header={<Header variant="h2">Force TLS</Header>}>{error.message}</Container>; // no such switch: the server says what to do
  }
  const on = plan !== undefined && !plan.pending && plan.value_now === plan.value_then && !plan.changes;
  const changed = () => {
    reload();
    onChanged();
  };
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="What a change does to every client that was seen, before it is made."
          actions={
            plan &&
            !isDefault(name) &&
            !plan.pending && (
              <SpaceBetween direction="horizontal" size="xs">
                {plan.value_now === plan.value_then && <ActButton onClick={() => setApplying('off')}>Stop forcing</ActButton>}
                {!on && (
                  <ActButton variant="primary" unless={asked.length < except.length ? 'An exception is not complete: give its user, source and day, or remove it.' : ''} onClick={() => setApplying('on')}>
                    {plan.value_now === plan.value_then ? 'Change exceptions' : 'Force TLS'}
                  </ActButton>
                )}
              </SpaceBetween>
            )
          }
        >
          Force TLS
        </Header>
      }
    >
      <SpaceBetween size="m">
        <Problem error={error} what="The report could not be made" onRetry={reload} />
        {loading && !plan && <Spinner />}
        {plan && (
          <>
            {plan.pending && <PendingChange pending={plan.pending} kind={words[kind].force} onChanged={changed} />}
            <SpaceBetween direction="horizontal" size="m">
              <State plan={plan} />
              <Box color="text-body-secondary">
                {plan.parameter} = {plan.value_now || '(default)'}
                {plan.static && ', static: counts from a reboot on'}
              </Box>
            </SpaceBetween>
            {plan.default_group_do_instead && (
              <>
                <Alert type="info" header="A default group cannot be changed">
                  Create a parameter group of the family {plan.family} and attach it, here or so:
                </Alert>
                <Command text={plan.default_group_do_instead.join('\n')} label="Instead" />
              </>
            )}
            <FormField label="Look at clients of">
              <Select selectedOption={sinces.find(s => s.value === days)!} options={sinces} onChange={e => setDays(e.detail.selectedOption.value ?? '30')} />
            </FormField>
            <Report plan={plan} />
            {exceptions && !isDefault(name) && !plan.pending && <Exceptions held={plan.exceptions ?? []} rows={except} onChange={setExcept} />}
            <Command text={`dbtls force-tls ${word(name)} on --plan --kind ${words[kind].force} --since ${days}d${asked.map(e => ` --except ${word(e)}`).join('')} --region ${region}`} />
          </>
        )}
        {plan && applying && (
          <Apply
            plan={plan}
            state={applying}
            kind={words[kind].force}
            since={since}
            days={days}
            except={asked}
            onClose={done => {
              setApplying(undefined);
              if (!done) return;
              setExcept([]);
              changed();
            }}
          />
        )}
      </SpaceBetween>
    </Container>
  );
}

function State({ plan }: { plan: ForcePlan }) {
  if (plan.pending) return <StatusIndicator type="pending">Forced, and waits to be confirmed</StatusIndicator>;
  if (plan.value_now === plan.value_then) return <StatusIndicator type="success">Forced: clients without TLS are refused</StatusIndicator>;
  return <StatusIndicator type="warning">Not forced: clients without TLS are let in</StatusIndicator>;
}
