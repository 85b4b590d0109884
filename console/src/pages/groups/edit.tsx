import Alert from '@cloudscape-design/components/alert';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Multiselect from '@cloudscape-design/components/multiselect';
import RadioGroup from '@cloudscape-design/components/radio-group';
import Select from '@cloudscape-design/components/select';
import { useState } from 'react';
import { rds } from '../../api/rds';
import { word } from '../../parts/command';
import { FormModal } from '../../parts/form_modal';
import { words, type Kind, type Parameter } from './data';
import { Touched } from './touched';

interface Props {
  kind: Kind;
  group: string;
  parameter: Parameter;
  onClose: (done: boolean) => void;
}

/** A value, and for a dynamic parameter when it counts. */
export function EditParameter({ kind, group, parameter: p, onClose }: Props) {
  const w = words[kind];
  const [value, setValue] = useState(p.value);
  const [reset, setReset] = useState('set');
  const [method, setMethod] = useState(p.applyType === 'static' ? 'pending-reboot' : 'immediate');
  const back = reset === 'reset';
  const action = back ? 'Reset' : 'Modify';
  const shorthand = `ParameterName=${p.name},${back ? '' : `ParameterValue=${value.includes(',') ? `"${value}"` : value},`}ApplyMethod=${method}`;
  return (
    <FormModal
      title={`Change ${p.name}`}
      action={back ? 'Reset' : 'Save'}
      ready={back || value !== p.value || p.source !== 'user'}
      command={`aws rds ${action.toLowerCase()}-${w.cli}-parameter-group --${w.cli}-parameter-group-name ${word(group)} --parameters ${word(shorthand)}`}
      onDo={() =>
        rds(`${action}${w.prefix}ParameterGroup`, {
          [`${w.prefix}ParameterGroupName`]: group,
          'Parameters.Parameter.1.ParameterName': p.name,
          ...(!back && { 'Parameters.Parameter.1.ParameterValue': value }),
          'Parameters.Parameter.1.ApplyMethod': method,
        })
      }
      onClose={onClose}
    >
      {p.description}
      <Touched kind={kind} group={group} parameter={p.name} />
      {p.source === 'user' && (
        <RadioGroup
          ariaRequired
          value={reset}
          onChange={e => setReset(e.detail.value)}
          items={[
            { value: 'set', label: 'Set a value' },
            { value: 'reset', label: 'Back to the default' },
          ]}
        />
      )}
      {!back && (
        <FormField label="Value" constraintText={p.allowed.length > 0 ? `Allowed: ${p.allowed.length > 12 ? `${p.allowed.length} values` : p.allowed.join(', ')}` : undefined}>
          <Field parameter={p} value={value} onChange={setValue} />
        </FormField>
      )}
      {p.applyType === 'static' ? (
        <Alert type="info">This parameter is static: each instance takes it up at its reboot (pending-reboot).</Alert>
      ) : (
        <FormField label="When">
          <RadioGroup
            value={method}
            onChange={e => setMethod(e.detail.value)}
            items={[
              { value: 'immediate', label: 'At once', description: 'Sessions live on; logins from now on are concerned.' },
              { value: 'pending-reboot', label: "At each instance's reboot" },
            ]}
          />
        </FormField>
      )}
    </FormModal>
  );
}

const isRange = (allowed: string[]) => allowed.length === 1 && /^-?\d+--?\d+$/.test(allowed[0]!);

function Field({ parameter: p, value, onChange }: { parameter: Parameter; value: string; onChange: (v: string) => void }) {
  if (p.allowed.length === 0 || isRange(p.allowed)) {
    return <Input value={value} type={p.dataType === 'integer' ? 'number' : 'text'} onChange={e => onChange(e.detail.value)} />;
  }
  const options = p.allowed.map(v => ({ value: v, label: v }));
  if (p.dataType === 'list') {
    const chosen = value.split(',').filter(Boolean);
    return (
      <Multiselect
        filteringType="auto"
        options={options}
        selectedOptions={chosen.map(v => ({ value: v, label: v }))}
        placeholder="Choose values"
        onChange={e => onChange(e.detail.selectedOptions.map(o => o.value ?? '').join(','))}
      />
    );
  }
  return <Select options={options} selectedOption={value === '' ? null : { value, label: value }} placeholder="Choose a value" onChange={e => onChange(e.detail.selectedOption.value ?? '')} />;
}
