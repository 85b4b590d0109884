import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { createPortal } from 'react-dom';
import { verifies, type EndpointEngine, type SslMode } from '../../api/engines';
import { iso, type Certificate } from '../../api/migration';
import { useMayNot } from '../../parts/act_button';
import { relative } from '../../parts/when';
import { ImportCertificate } from '../certificates/import';
import type { Settings } from './settings';

interface Props {
  engine: EndpointEngine | undefined;
  certificates: Certificate[];
  settings: Settings;
  onChange: (change: Partial<Settings>) => void;
  onImported: (c: Certificate) => void;
}

const means: Record<SslMode, string> = {
  none: 'The connection is plain.',
  require: 'Encrypted. The certificate is not verified: whoever is in the middle can be the server.',
  'verify-ca': 'Encrypted, and the certificate has to come from the CA below. It may be for another server.',
  'verify-full': 'Encrypted, the certificate has to come from the CA below and be for this server.',
};

/** The modes that the engine has, and the CA certificate that verifying ones need. */
export function TLSFields({ engine, certificates, settings: s, onChange, onImported }: Props) {
  const mayNot = useMayNot();
  const [importing, setImporting] = useState(false);
  if (!engine) return <Box color="text-body-secondary">Choose an engine: each has its own SSL modes.</Box>;
  const fits = certificates.filter(c => (c.CertificatePem === undefined) === engine.wallet);
  const options = fits.map(c => ({ value: c.CertificateArn, label: c.CertificateIdentifier, description: `ends ${relative(iso(c.ValidToDate))}` }));
  return (
    <>
      <SpaceBetween size="m">
        <FormField label="SSL mode" description={`The modes that ${engine.display} has.`}>
          <RadioGroup
            value={s.mode}
            onChange={e => onChange({ mode: e.detail.value })}
            items={engine.modes.map(m => ({ value: m, label: m, description: m === 'none' && engine.always_tls ? 'Encrypted all the same; nothing is verified.' : means[m] }))}
          />
        </FormField>
        {verifies(s.mode) && (
          <FormField
            label="CA certificate"
            description={engine.wallet ? `${engine.display} wants an Oracle wallet.` : 'The root that the server’s certificate comes from.'}
            secondaryControl={
              <Button formAction="none" disabled={mayNot !== undefined} disabledReason={mayNot} onClick={() => setImporting(true)}>
                Add new CA certificate
              </Button>
            }
          >
            <Select
              selectedOption={options.find(o => o.value === s.certificate) ?? null}
              options={options}
              placeholder="Choose a certificate"
              empty={engine.wallet ? 'No wallet is imported.' : 'No certificate is imported.'}
              onChange={e => onChange({ certificate: e.detail.selectedOption.value ?? '' })}
            />
          </FormField>
        )}
        {s.mode === 'none' && !engine.always_tls && engine.modes.length > 1 && <Alert type="warning">User, password and data cross the network in the clear.</Alert>}
        <FormField label="Extra connection attributes" description="name=value, separated by semicolons; legacyTLS=true allows TLS 1.0 and 1.1.">
          <Input value={s.attributes} onChange={e => onChange({ attributes: e.detail.value })} />
        </FormField>
      </SpaceBetween>
      {importing &&
        // a form of its own: below this one its events must not arrive;
        // and beside SpaceBetween, which would leave a portal out
        createPortal(
          <div onSubmit={e => e.stopPropagation()}>
            <ImportCertificate
              onClose={made => {
                setImporting(false);
                if (!made) return;
                onImported(made);
                onChange({ certificate: made.CertificateArn });
              }}
            />
          </div>,
          document.body,
        )}
    </>
  );
}
