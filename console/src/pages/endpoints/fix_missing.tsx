import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { dms } from '../../api/dms';
import { engines } from '../../api/engines';
import { useLive } from '../../api/live';
import { certificates, type Certificate, type Endpoint } from '../../api/migration';
import { get } from '../../api/native';
import type { Hierarchy } from '../../api/types';
import { ActButton } from '../../parts/act_button';
import { Problem } from '../../parts/problem';
import { useAct } from '../../parts/use_act';
import { ImportCertificate } from '../certificates/import';

interface Props {
  endpoint: Endpoint;
  sha256: string | undefined; // of the certificate that is not trusted, when it is known
  onChanged: () => void;
}

/** Gives the endpoint the certificate that it lacks: a CA of this server with one click, any other by import. */
export function FixMissing({ endpoint, sha256, onChanged }: Props) {
  const { region, say } = useApp();
  const act = useAct();
  const [importing, setImporting] = useState(false);
  const cas = useLive(() => get<Hierarchy>('cas'), [region]);
  const own = sha256 ? cas.data?.cas.find(ca => ca.root.sha256 === sha256) : undefined;
  const kinds = useLive(engines, []);
  const pem = kinds.data?.find(e => e.name === endpoint.EngineName)?.wallet === false;
  const use = (made: Certificate) =>
    act.run(async () => {
      await dms('ModifyEndpoint', { EndpointArn: endpoint.EndpointArn, CertificateArn: made.CertificateArn });
      say('success', `${endpoint.EndpointIdentifier} verifies with ${made.CertificateIdentifier} now. Test the connection again.`);
      onChanged();
    });
  const importOwn = () =>
    act.run(async () => {
      const name = own!.id;
      const there = (await certificates()).find(c => c.CertificateIdentifier === name && c.CertificatePem?.trim() === own!.root.pem.trim());
      const made = there ?? (await dms<{ Certificate: Certificate }>('ImportCertificate', { CertificateIdentifier: name, CertificatePem: own!.root.pem })).Certificate;
      await use(made);
    });
  return (
    <SpaceBetween size="xs">
      <SpaceBetween direction="horizontal" size="xs">
        {own && pem && (
          <ActButton loading={act.busy} onClick={importOwn}>
            Use the root of {own.id}
          </ActButton>
        )}
        <ActButton onClick={() => setImporting(true)}>Add new CA certificate</ActButton>
      </SpaceBetween>
      <Problem error={act.error} what="The endpoint keeps its certificate" />
      {importing && (
        <ImportCertificate
          onClose={made => {
            setImporting(false);
            if (made) void use(made);
          }}
        />
      )}
    </SpaceBetween>
  );
}
