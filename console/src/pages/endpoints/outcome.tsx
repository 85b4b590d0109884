import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useLocation } from 'wouter';
import type { Endpoint } from '../../api/migration';
import type { ConnectionTest } from '../../api/types';
import { ActButton } from '../../parts/act_button';
import { Chain } from '../../parts/chain';
import { sentence } from '../../parts/sentence';
import { FixMissing } from './fix_missing';

interface Props {
  test: ConnectionTest;
  endpoint: Endpoint;
  onChanged: () => void;
}

/** Why a test failed, on the chain that the server sent, and the one thing to do; of one that went well, what it showed. */
export function Outcome({ test, endpoint, onChanged }: Props) {
  const [, navigate] = useLocation();
  const o = test.outcome;
  const r = o.report;
  const failed = test.status === 'failed';
  const missing = failed && o.missing ? { subject: o.missing, key_id: r?.trust.lacks?.key_id, sha256: o.missing_sha256 ?? r?.trust.lacks?.sha256 } : undefined;
  const edit = `/endpoints/${encodeURIComponent(endpoint.EndpointIdentifier)}/edit`;
  return (
    <SpaceBetween size="m">
      {failed && (
        <Alert
          type="error"
          header={o.code}
          action={!missing && <ActButton onClick={() => navigate(edit)}>Modify the endpoint</ActButton>}
        >
          <SpaceBetween size="xs">
            <span>{sentence(o.reason || test.message)}</span>
            {o.fix && (
              <span>
                <Box variant="strong" color="inherit">
                  Fix:
                </Box>{' '}
                {sentence(o.fix)}
              </span>
            )}
            {missing && <FixMissing endpoint={endpoint} sha256={missing.sha256} onChanged={onChanged} />}
          </SpaceBetween>
        </Alert>
      )}
      {failed && o.strictest_mode && (
        <Box>
          The strictest mode that would work is <strong>{o.strictest_mode}</strong>
          {o.verify_modes_unjudged && '; verifying modes were not tried, they need a CA certificate first'}.
        </Box>
      )}
      {o.warnings?.map(w => (
        <Alert key={w} type="warning">
          {sentence(w)}
        </Alert>
      ))}
      {r && r.chain.length > 0 && (
        <ExpandableSection headerText={missing ? 'The chain as it was sent, with what is missing' : 'The chain as it was sent'} defaultExpanded={failed}>
          <Chain certificates={r.chain} missing={missing} label={`Chain of ${endpoint.ServerName}`} />
        </ExpandableSection>
      )}
      {r && (
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'TLS', value: r.tls ? `${r.tls.version}, ${r.tls.cipher}${r.tls.group ? `, ${r.tls.group}` : ''}` : 'no handshake' },
            { label: 'Server version', value: o.server_version || '–' },
            { label: 'Verified against', value: r.trust.source ? `${r.trust.certificates === 1 ? '1 certificate' : `${r.trust.certificates} certificates`} of ${r.trust.source}` : 'nothing' },
          ]}
        />
      )}
    </SpaceBetween>
  );
}
