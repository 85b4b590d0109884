import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useEffect, useState } from 'react';
import { ApiError } from '../../api/http';
import { list, rds, text } from '../../api/rds';
import { Problem } from '../../parts/problem';
import type { Wanted } from './create_request';
import { loadEngines, loadVersions, type EngineVersion } from './engines';

export interface FieldsProps {
  wanted: Wanted;
  wrong: Partial<Record<keyof Wanted, string>>;
  change: (changes: Partial<Wanted>) => void;
}

// Servers that dbtls runs itself; it plays all others.
const local = ['postgres', 'mariadb', 'mysql', 'aurora-postgresql'];

const keyOf: Record<string, string> = { 'rds-ca-2019': 'RSA 2048', 'rds-ca-rsa2048-g1': 'RSA 2048', 'rds-ca-rsa4096-g1': 'RSA 4096', 'rds-ca-ecc384-g1': 'ECDSA P-384' };

/** Engine, version, and the CAs that this version can serve a certificate of. */
export function EngineFields({ wanted, wrong, change }: FieldsProps) {
  const [engines, setEngines] = useState<EngineVersion[]>();
  const [versions, setVersions] = useState<EngineVersion[]>([]);
  const [standard, setStandard] = useState(''); // the region's default CA
  const [ends, setEnds] = useState<Record<string, string>>({});
  const [error, setError] = useState<ApiError>();
  const failed = (e: unknown) => setError(e instanceof ApiError ? e : new ApiError('Failed', String(e), 0));
  useEffect(() => {
    loadEngines().then(setEngines, failed);
    rds('DescribeCertificates').then(a => {
      setStandard(text(a, 'DefaultCertificateForNewLaunches'));
      setEnds(Object.fromEntries(list(a, 'Certificates', 'Certificate').map(c => [text(c, 'CertificateIdentifier'), text(c, 'ValidTill').slice(0, 10)])));
    }, failed);
  }, []);
  useEffect(() => {
    let mine = true;
    setVersions([]);
    if (wanted.engine) loadVersions(wanted.engine).then(v => mine && setVersions(v), failed);
    return () => void (mine = false);
  }, [wanted.engine]);
  const version = versions.find(v => v.version === wanted.version);
  const engineOptions = (engines ?? []).map(e => ({ value: e.engine, label: e.description, description: e.engine, tags: [`default ${e.version}`] }));
  const caOptions = (version?.cas ?? []).map(ca => ({ value: ca, label: ca, description: [keyOf[ca], ends[ca] && `until ${ends[ca]}`].filter(Boolean).join(', '), labelTag: ca === standard ? 'default' : undefined }));
  const chosenCA = wanted.ca || standard;
  return (
    <SpaceBetween size="m">
      <Problem error={error} what="The engines could not be read" />
      <FormField label="Engine" errorText={wrong.engine}>
        <Select
          selectedOption={engineOptions.find(o => o.value === wanted.engine) ?? null}
          options={engineOptions}
          statusType={engines ? 'finished' : 'loading'}
          placeholder="Choose an engine"
          filteringType="auto"
          onChange={e => {
            const engine = e.detail.selectedOption.value ?? '';
            const first = engines?.find(v => v.engine === engine);
            change({ engine, version: first?.version ?? '', class: local.includes(engine) ? 'db.local' : 'db.simulated', ca: '', group: '' });
          }}
        />
      </FormField>
      <FormField label="Version" errorText={wrong.version} description={version && (version.hotReload ? 'Replaces its certificate without a restart.' : 'Needs a restart to replace its certificate.')}>
        <Select
          selectedOption={wanted.version ? { value: wanted.version, label: wanted.version } : null}
          options={versions.map(v => ({ value: v.version, label: v.version, description: v.family }))}
          disabled={!wanted.engine}
          statusType={wanted.engine && versions.length === 0 ? 'loading' : 'finished'}
          placeholder="Choose the engine first"
          filteringType="auto"
          onChange={e => change({ version: e.detail.selectedOption.value ?? '', ca: '', group: '' })}
        />
      </FormField>
      <FormField label="Certificate authority" description="Signs the server certificate. Only the CAs that this engine version can serve are offered.">
        <Select
          selectedOption={caOptions.find(o => o.value === chosenCA) ?? null}
          options={caOptions}
          disabled={!version}
          placeholder={version ? 'The default of the region' : 'Choose the engine version first'}
          onChange={e => change({ ca: e.detail.selectedOption.value ?? '' })}
        />
      </FormField>
    </SpaceBetween>
  );
}
