import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useEffect, useRef, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useApp } from '../../app/context';
import type { ApiError } from '../../api/http';
import { useLive } from '../../api/live';
import { get } from '../../api/native';
import type { Hierarchy } from '../../api/types';
import { Command, word } from '../../parts/command';
import { Problem } from '../../parts/problem';
import { asError } from '../../parts/use_act';
import { ClientTable } from './table';
import { more, type Loaded } from './plans';

/** What a change of the whole region to a CA would do to every client. ?to=CA chooses it. */
export function Verdicts() {
  const { region } = useApp();
  const [, navigate] = useLocation();
  const asked = new URLSearchParams(useSearch()).get('to') ?? '';
  const cas = useLive(() => get<Hierarchy>('cas'), [region]);
  const [found, setFound] = useState<Loaded>();
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const turn = useRef(0);
  const to = asked || cas.data?.default || '';
  // Not live: every database of a page is looked at on the wire for it.
  const load = (before?: Loaded) => {
    const mine = ++turn.current;
    setBusy(true);
    setError(undefined);
    if (!before) setFound(undefined);
    more(to, before).then(
      page => {
        if (mine !== turn.current) return;
        setFound(page);
        setBusy(false);
      },
      (e: unknown) => {
        if (mine !== turn.current) return;
        setError(asError(e));
        setBusy(false);
      },
    );
  };
  useEffect(() => {
    if (to) load();
    return () => void turn.current++;
  }, [to, region]);
  const options = (cas.data?.cas ?? []).map(ca => ({ value: ca.id, label: ca.id, description: `${ca.root.key} ${ca.root.key_bits}${ca.id === cas.data?.default ? ', the default' : ''}` }));
  return (
    <SpaceBetween size="m">
      <FormField label="If every database changed to" description="Nothing is changed by looking.">
        <SpaceBetween direction="horizontal" size="xs">
          <Select
            ariaLabel="CA to change to"
            selectedOption={options.find(o => o.value === to) ?? null}
            options={options}
            placeholder="Choose a CA"
            onChange={e => navigate(`/clients?tab=verdicts&to=${encodeURIComponent(e.detail.selectedOption.value ?? '')}`)}
          />
          <Button iconName="refresh" ariaLabel="Look again" disabled={!to} loading={busy && !found} onClick={() => load()} />
        </SpaceBetween>
      </FormField>
      <Problem error={error ?? cas.error} what="The verdicts could not be made" onRetry={() => load()} />
      {busy && !found && (
        <Box>
          <Spinner /> Every database is looked at.
        </Box>
      )}
      {found && (
        <>
          {found.unseen.length > 0 && (
            <Alert type="warning" header={found.unseen.length === 1 ? 'One database may have clients that nobody saw' : `${found.unseen.length} databases may have clients that nobody saw`}>
              <ExpandableSection headerText="Which, and why">
                <Reasons rows={found.unseen.map(u => ({ name: u.database, why: u.why }))} />
              </ExpandableSection>
            </Alert>
          )}
          <ClientTable found={found} />
          {found.next && (
            <Button loading={busy} onClick={() => load(found)}>
              Look at the next databases ({found.databases} so far)
            </Button>
          )}
          {found.skipped.length > 0 && (
            <ExpandableSection headerText={`Left out: ${found.skipped.length}`}>
              <Reasons rows={found.skipped.map(s => ({ name: s.instance, why: s.why }))} />
            </ExpandableSection>
          )}
          <Command text={`dbtls rotate --region-wide --to ${word(to)} --plan --region ${region}`} />
        </>
      )}
    </SpaceBetween>
  );
}

const most = 50;

function Reasons({ rows }: { rows: { name: string; why: string }[] }) {
  return (
    <ul>
      {rows.slice(0, most).map(r => (
        <li key={r.name}>
          <strong>{r.name}</strong>: {r.why}
        </li>
      ))}
      {rows.length > most && <li>and {rows.length - most} more</li>}
    </ul>
  );
}
