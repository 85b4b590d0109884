import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import Spinner from '@cloudscape-design/components/spinner';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { useApp } from '../../app/context';
import type { ApiError } from '../../api/http';
import { get } from '../../api/native';
import { rds } from '../../api/rds';
import type { Plan } from '../../api/types';
import { word } from '../../parts/command';
import { FormModal } from '../../parts/form_modal';
import { Problem } from '../../parts/problem';
import { asError } from '../../parts/use_act';
import { useLoad } from '../../parts/use_load';
import { loadCAs } from './engines';
import type { Instance } from './instance';
import { PlanView } from './plan_view';

/** Moves a database to another CA; what that does stands there before. */
export function ChangeCA({ instance: i, onClose }: { instance: Instance; onClose: (done: boolean) => void }) {
  const { region, say } = useApp();
  const [, navigate] = useLocation();
  const [cas, setCAs] = useState<string[]>([]);
  const [failed, setFailed] = useState<ApiError>();
  const [to, setTo] = useState('');
  const [now, setNow] = useState(true);
  useEffect(() => {
    loadCAs(i.engine, i.version).then(v => setCAs((v?.cas ?? []).filter(ca => ca !== i.ca)), (e: unknown) => setFailed(asError(e)));
  }, [i.engine, i.version, i.ca]);
  const path = `instances/${encodeURIComponent(i.name)}/rotate/plan`;
  const plan = useLoad(async () => (to ? get<Plan>(path, { to }) : undefined), [path, to, region]);
  const options = cas.map(ca => ({ value: ca, label: ca }));
  return (
    <FormModal
      title={`Change the certificate authority of ${i.name}`}
      action={now ? 'Change now' : 'Change in the maintenance window'}
      size="large"
      ready={to !== '' && plan.data !== undefined}
      command={`aws rds modify-db-instance --db-instance-identifier ${word(i.name)} --ca-certificate-identifier ${to || 'CA'} ${now ? '--apply-immediately' : '--no-apply-immediately'} --region ${region}`}
      onDo={() => rds('ModifyDBInstance', { DBInstanceIdentifier: i.name, CACertificateIdentifier: to, ApplyImmediately: now })}
      onClose={done => {
        onClose(done);
        if (!done) return;
        say('success', `${i.name} moves to ${to}${now ? '' : ` in its maintenance window, ${i.window}`}.`);
        navigate(`/databases/${encodeURIComponent(i.name)}/rotation`);
      }}
    >
      <Problem error={failed} what="The CAs could not be read" />
      <FormField label="Certificate authority" description={`Now ${i.ca}. Only CAs that ${i.engine} ${i.version} can serve are offered.`}>
        <Select selectedOption={options.find(o => o.value === to) ?? null} options={options} placeholder="Choose a CA" onChange={e => setTo(e.detail.selectedOption.value ?? '')} />
      </FormField>
      <Checkbox checked={now} onChange={e => setNow(e.detail.checked)} description={now ? undefined : `It begins in the maintenance window, ${i.window}.`}>
        Apply immediately
      </Checkbox>
      <Problem error={plan.error} what="There is no plan for it" />
      {to && plan.loading && <Spinner />}
      {plan.data && <PlanView plan={plan.data} inForm />}
    </FormModal>
  );
}
