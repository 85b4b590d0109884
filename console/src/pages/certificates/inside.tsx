import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useApp } from '../../app/context';
import { useLive } from '../../api/live';
import { iso, tagsOf, type Certificate, type Endpoint } from '../../api/migration';
import { Command, word } from '../../parts/command';
import { Problem } from '../../parts/problem';
import { When } from '../../parts/when';
import { inspect } from './content';
import { InspectionResult } from './inspection';
import { Uses } from './list';

/** An imported certificate, opened. */
export function Inside({ certificate: c, users, onClose }: { certificate: Certificate; users: Endpoint[]; onClose: () => void }) {
  const { region } = useApp();
  const inside = useLive(() => inspect(c.CertificatePem ? { pem: c.CertificatePem } : { wallet: c.CertificateWallet ?? '' }), [c.CertificateArn]);
  const tags = useLive(() => tagsOf(c.CertificateArn), [c.CertificateArn]);
  return (
    <Modal
      visible
      size="large"
      header={c.CertificateIdentifier}
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button onClick={onClose}>Close</Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <KeyValuePairs
          columns={2}
          items={[
            { label: 'Used by', value: <Uses endpoints={users} /> },
            { label: 'Expires', value: <When at={iso(c.ValidToDate)} /> },
            { label: 'Imported', value: <When at={iso(c.CertificateCreationDate)} /> },
            { label: 'Tags', value: tags.data?.map(t => `${t.Key}=${t.Value}`).join(', ') || 'none' },
            { label: 'ARN', value: <CopyToClipboard variant="inline" textToCopy={c.CertificateArn} copyButtonAriaLabel="Copy ARN" copySuccessText="Copied" copyErrorText="Not copied" /> },
          ]}
        />
        <Problem error={inside.error} what="It could not be looked into" onRetry={inside.reload} />
        {inside.loading && <Spinner />}
        {inside.data && <InspectionResult inspection={inside.data} />}
        <Command text={`aws dms describe-certificates --filters Name=certificate-id,Values=${word(c.CertificateIdentifier)} --region ${region}`} />
      </SpaceBetween>
    </Modal>
  );
}
