import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ActButton } from '../../parts/act_button';
import { Link } from '../../parts/link';
import { When } from '../../parts/when';
import { Bundles } from './bundles';
import { ChangeCA } from './change_ca';
import type { Instance } from './instance';
import { Served } from './served';
import { SnippetsOf } from './snippets';

/** Where it is, who vouches for it, what it serves, and what clients need. */
export function Connectivity({ instance: i, onDone }: { instance: Instance; onDone: () => void }) {
  const [changing, change] = useState(false);
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h2"
            actions={
              <ActButton onClick={() => change(true)} unless={i.ca && i.validTill ? undefined : 'It has no certificate yet.'}>
                Change certificate authority
              </ActButton>
            }
          >
            Endpoint and certificate authority
          </Header>
        }
      >
        <KeyValuePairs
          columns={4}
          minColumnWidth={170}
          items={[
            { label: 'Endpoint', value: i.host ? <CopyToClipboard variant="inline" textToCopy={i.host} copyButtonAriaLabel="Copy endpoint" copySuccessText="Copied" copyErrorText="Not copied" /> : 'being made' },
            { label: 'Port', value: i.port || '–' },
            { label: 'Certificate authority', value: i.ca ? <Link to="/cas">{i.ca}</Link> : '–' },
            { label: 'Certificate valid until', value: <When at={i.validTill} none="not issued yet" /> },
            ...(i.pendingCA ? [{ label: 'Pending certificate authority', value: `${i.pendingCA}, in the window ${i.window}` }] : []),
          ]}
        />
      </Container>
      <Served instance={i} />
      <ColumnLayout columns={1}>
        <Bundles instance={i} />
        <SnippetsOf instance={i} />
      </ColumnLayout>
      {changing && (
        <ChangeCA
          instance={i}
          onClose={done => {
            change(false);
            if (done) onDone();
          }}
        />
      )}
    </SpaceBetween>
  );
}
