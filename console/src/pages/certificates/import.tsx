import FileUpload from '@cloudscape-design/components/file-upload';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Tabs from '@cloudscape-design/components/tabs';
import Textarea from '@cloudscape-design/components/textarea';
import { useEffect, useRef, useState } from 'react';
import { dms } from '../../api/dms';
import type { Certificate } from '../../api/migration';
import type { ApiError } from '../../api/http';
import type { Inspection } from '../../api/types';
import { useApp } from '../../app/context';
import { word } from '../../parts/command';
import { FormModal } from '../../parts/form_modal';
import { Problem } from '../../parts/problem';
import { asError } from '../../parts/use_act';
import { contentOf, inspect, largest, type Content } from './content';
import { InspectionResult } from './inspection';

/** Imports PEM or a wallet by drop, file or paste, and shows first what is inside. */
export function ImportCertificate({ onClose }: { onClose: (made?: Certificate) => void }) {
  const { region } = useApp();
  const [name, setName] = useState('');
  const [files, setFiles] = useState<File[]>([]);
  const [pasted, paste] = useState('');
  const [content, setContent] = useState<Content>();
  const [inside, setInside] = useState<Inspection>();
  const [error, setError] = useState<ApiError>();
  const [way, setWay] = useState('file');
  const made = useRef<Certificate>();
  const tooLong = files[0] && files[0].size > largest ? `At most ${largest / 1024} KiB: this is no trust store.` : '';

  // the file or the text, whichever is in front
  useEffect(() => {
    let over = false;
    setContent(undefined);
    setInside(undefined);
    setError(undefined);
    const look = async () => {
      const file = files[0];
      const found = way === 'paste' ? (pasted.trim() ? { pem: pasted } : undefined) : file && file.size <= largest ? await contentOf(file) : undefined;
      if (over || !found) return;
      setContent(found);
      const answer = await inspect(found);
      if (!over) setInside(answer);
    };
    const timer = setTimeout(() => look().catch((e: unknown) => !over && setError(asError(e))), way === 'paste' ? 300 : 0);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [way, files, pasted]);

  const file = files[0]?.name ?? (content?.wallet ? 'cwallet.sso' : 'ca.pem');
  const flag = content?.wallet ? `--certificate-wallet fileb://${file}` : `--certificate-pem file://${file}`;
  return (
    <FormModal
      title="Import certificate"
      action="Import"
      size="large"
      ready={name !== '' && inside?.ok === true}
      command={`aws dms import-certificate --certificate-identifier ${word(name || 'NAME')} ${word(flag).startsWith("'") ? flag.replace(file, word(file)) : flag} --region ${region}`}
      onDo={async () => {
        const answer = await dms<{ Certificate: Certificate }>('ImportCertificate', {
          CertificateIdentifier: name,
          ...(content?.wallet ? { CertificateWallet: content.wallet } : { CertificatePem: content?.pem }),
        });
        made.current = answer.Certificate;
      }}
      onClose={done => onClose(done ? made.current : undefined)}
    >
      <FormField label="Name" constraintText="Letters, digits and hyphens, a letter first.">
        <Input value={name} placeholder="orders-ca" onChange={e => setName(e.detail.value)} />
      </FormField>
      <Tabs
        ariaLabel="Where the certificate comes from"
        activeTabId={way}
        onChange={e => setWay(e.detail.activeTabId)}
        tabs={[
          {
            id: 'file',
            label: 'File',
            content: (
              <FormField label="PEM file or auto-login wallet" description="Drop it here or choose it: ca.pem, cwallet.sso.">
                <FileUpload
                  value={files}
                  accept=".pem,.crt,.cer,.sso,.txt"
                  showFileSize
                  errorText={tooLong}
                  i18nStrings={{
                    uploadButtonText: () => 'Choose file',
                    dropzoneText: () => 'Drop the file to look inside',
                    removeFileAriaLabel: (_, n) => `Remove ${n}`,
                  }}
                  onChange={e => {
                    setFiles(e.detail.value.slice(-1));
                    const stem = e.detail.value.at(-1)?.name.replace(/\.[^.]*$/, '').replace(/[^A-Za-z0-9]+/g, '-').replace(/^[^A-Za-z]+|-+$/g, '');
                    if (!name && stem) setName(stem);
                  }}
                />
              </FormField>
            ),
          },
          {
            id: 'paste',
            label: 'Paste PEM',
            content: (
              <FormField label="Certificates" description="The whole chain up to the root, one after the other.">
                <Textarea value={pasted} rows={8} spellcheck={false} placeholder="-----BEGIN CERTIFICATE-----" onChange={e => paste(e.detail.value.slice(0, largest))} />
              </FormField>
            ),
          },
        ]}
      />
      <div aria-live="polite">
        <SpaceBetween size="s">
          <Problem error={error} what="It could not be looked into" />
          {content && !inside && !error && <Spinner />}
          {inside && <InspectionResult inspection={inside} />}
        </SpaceBetween>
      </div>
    </FormModal>
  );
}
