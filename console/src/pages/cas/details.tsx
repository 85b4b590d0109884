import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { CACertificate, Hierarchy } from '../../api/types';
import { When } from '../../parts/when';

/** Each CA's certificates in full, with its thumbprints and files. */
export function Details({ cas, region }: { cas: Hierarchy['cas']; region: string }) {
  return (
    <SpaceBetween size="s">
      {cas.map(ca => (
        <ExpandableSection key={ca.id} variant="container" headerText={ca.id} headerDescription="Thumbprints, subjects and files">
          <SpaceBetween size="l">
            <Facts title="Root CA" cert={ca.root} />
            <SpaceBetween direction="horizontal" size="xs">
              <Button iconName="download" href={`/${region}/${ca.id}.pem`} download ariaLabel={`Root of ${ca.id} as PEM`}>
                Root, PEM
              </Button>
              <Button iconName="download" href={`/${region}/${ca.id}.der`} download ariaLabel={`Root of ${ca.id} as DER`}>
                Root, DER
              </Button>
              <CopyToClipboard copyButtonText="Copy root PEM" copySuccessText="Copied" copyErrorText="Not copied" textToCopy={ca.root.pem} />
            </SpaceBetween>
            <Facts title="Issuing CA" cert={ca.issuing} />
            <SpaceBetween direction="horizontal" size="xs">
              <Button iconName="download" href={`/${region}/${ca.id}-issuing.pem`} download ariaLabel={`Issuing CA of ${ca.id} as PEM`}>
                Issuing CA, PEM
              </Button>
              <Button iconName="download" href={`/${region}/${ca.id}-issuing.der`} download ariaLabel={`Issuing CA of ${ca.id} as DER`}>
                Issuing CA, DER
              </Button>
            </SpaceBetween>
          </SpaceBetween>
        </ExpandableSection>
      ))}
    </SpaceBetween>
  );
}

function Facts({ title, cert }: { title: string; cert: CACertificate }) {
  return (
    <div>
      <Box variant="h3">{title}</Box>
      <KeyValuePairs
        columns={2}
        items={[
          { label: 'Subject', value: cert.subject },
          { label: 'Key', value: `${cert.key} ${cert.key_bits}` },
          { label: 'Valid from', value: <When at={cert.not_before} show="day" /> },
          { label: 'Valid until', value: <When at={cert.not_after} show="day" /> },
          { label: 'Thumbprint (SHA-1)', value: <Print value={cert.sha1} /> },
          { label: 'Fingerprint (SHA-256)', value: <Print value={cert.sha256} /> },
        ]}
      />
    </div>
  );
}

function Print({ value }: { value: string }) {
  return <CopyToClipboard variant="inline" textToCopy={value} textToDisplay={value} copyButtonAriaLabel="Copy" copySuccessText="Copied" copyErrorText="Not copied" />;
}
