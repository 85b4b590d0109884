import Box from '@cloudscape-design/components/box';
import Checkbox from '@cloudscape-design/components/checkbox';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useEffect, useState } from 'react';
import { useApp } from '../../app/context';
import { get } from '../../api/native';
import type { Plan, Rotation } from '../../api/types';
import { ActButton } from '../../parts/act_button';
import { Command, word } from '../../parts/command';
import { Problem } from '../../parts/problem';
import { useLoad } from '../../parts/use_load';
import { loadCAs } from './engines';
import type { Instance } from './instance';
import { PlanView } from './plan_view';
import { RotateNow } from './rotate_now';

/** What a rotation to a CA would do, said first; then the button. */
export function PlanRotation({ instance: i, open, onDone }: { instance: Instance; open: Rotation | undefined; onDone: () => void }) {
  const { region } = useApp();
  const [cas, setCAs] = useState<string[]>([]);
  const [to, setTo] = useState('');
  const [noBridge, setNoBridge] = useState(false);
  const [asking, ask] = useState(false);
  useEffect(() => {
    loadCAs(i.engine, i.version).then(v => setCAs(v?.cas ?? []), () => undefined); // the CA of now is offered anyway
  }, [i.engine, i.version]);
  const under = open && !open.stuck && open.step !== 'watch'; // one that is STUCK or on trial may be replaced by another
  const unless = under ? 'A rotation is under way.' : i.status === 'available' || open ? undefined : `It is ${i.status}.`;
  const path = `instances/${encodeURIComponent(i.name)}/rotate/plan`;
  const { data, error, loading, reload } = useLoad(async () => (unless ? undefined : get<Plan>(path, { to, no_bridge: to && noBridge ? 'true' : undefined })), [path, region, to, noBridge, i.ca, i.validTill, unless]);
  const options = [{ value: '', label: `${i.ca}, as now: a new key and certificate` }, ...cas.filter(c => c !== i.ca).map(c => ({ value: c, label: c }))];
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Nothing is changed by looking"
          actions={
            <ActButton variant="primary" onClick={() => ask(true)} unless={unless}>
              Rotate now
            </ActButton>
          }
        >
          What a rotation would do
        </Header>
      }
    >
      <SpaceBetween size="m">
        <FormField label="To which CA">
          <Select selectedOption={options.find(o => o.value === to) ?? options[0]!} options={options} onChange={e => setTo(e.detail.selectedOption.value ?? '')} />
        </FormField>
        <Checkbox checked={to !== '' && noBridge} disabled={to === ''} onChange={e => setNoBridge(e.detail.checked)} description={to ? 'Clients that trust only the CA of now are refused at once.' : 'Only a change of the CA has a bridge.'}>
          Without a bridge
        </Checkbox>
        <Problem error={error} what="There is no plan for it" onRetry={reload} />
        {!data && loading && <Spinner />}
        {unless && <Box color="text-body-secondary">{unless} There is a plan again after that.</Box>}
        {data && <PlanView plan={data} />}
        <Command text={`dbtls rotate ${word(i.name)}${to ? ` --to ${to}` : ''}${to && noBridge ? ' --without-bridge' : ''} --plan --region ${region}`} />
      </SpaceBetween>
      {asking && (
        <RotateNow
          instance={i}
          to={to}
          noBridge={to !== '' && noBridge}
          plan={data}
          onClose={done => {
            ask(false);
            if (done) onDone();
          }}
        />
      )}
    </Container>
  );
}
