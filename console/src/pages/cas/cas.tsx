import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { useLive } from '../../api/live';
import { get } from '../../api/native';
import { rds } from '../../api/rds';
import type { Hierarchy } from '../../api/types';
import { ActButton } from '../../parts/act_button';
import { Command, word } from '../../parts/command';
import { Confirm } from '../../parts/confirm';
import { Problem } from '../../parts/problem';
import { Bundles } from './bundles';
import { Details } from './details';
import { Tree } from './tree';
import { Validity } from './validity';

/** The region's CAs: how they hang together, how long they live, and what clients download. */
export default function CertificateAuthorities() {
  const { region, say } = useApp();
  const { data, error, loading, reload } = useLive(() => get<Hierarchy>('cas'), [region]);
  const [asking, ask] = useState<string>(); // a CA's identifier; "": remove the override
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        counter={data && `(${data.cas.length})`}
        description={`Of ${region}. New databases get a certificate of the default CA unless they ask for another.`}
        actions={
          data?.override && (
            <ActButton needs="admin" onClick={() => ask('')}>
              Back to the built-in default
            </ActButton>
          )
        }
      >
        Certificate authorities
      </Header>
      <Problem error={error} what="The CAs could not be read" onRetry={reload} />
      {loading && !data && (
        <Box>
          <Spinner /> The CAs of a region are made when it is first used; that takes a few seconds.
        </Box>
      )}
      {data && (
        <>
          <Container header={<Header variant="h2">Who signs whom</Header>}>
            <Tree hierarchy={data} onDefault={ask} />
          </Container>
          <Bundles region={region} />
          <Container header={<Header variant="h2">Validity</Header>}>
            <Validity cas={data.cas} />
          </Container>
          <Details cas={data.cas} region={region} />
          <Command text={`aws rds describe-certificates --region ${region}`} />
        </>
      )}
      {asking !== undefined && (
        <Confirm
          title={asking ? `Make ${asking} the default of ${region}` : `Remove the default of ${region}`}
          action={asking ? 'Set the default' : 'Remove'}
          command={asking ? `aws rds modify-certificates --certificate-identifier ${word(asking)} --region ${region}` : `aws rds modify-certificates --remove-customer-override --region ${region}`}
          onDo={() => rds('ModifyCertificates', asking ? { CertificateIdentifier: asking } : { RemoveCustomerOverride: true })}
          onClose={done => {
            ask(undefined);
            if (!done) return;
            say('success', asking ? `New databases of ${region} get certificates of ${asking}.` : `The default of ${region} is the built-in one again.`);
            reload();
          }}
        >
          {asking ? `New databases of ${region} get certificates of ${asking}; their clients have to trust its root. ` : `The default goes back to the one that dbtls comes with. `}
          Databases that are there keep their CA.
        </Confirm>
      )}
    </SpaceBetween>
  );
}
