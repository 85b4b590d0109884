import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useApp } from '../../app/context';
import { Command } from '../../parts/command';

/** The files that clients put into their trust stores. */
export function Bundles({ region }: { region: string }) {
  const { me } = useApp();
  const gov = region.startsWith('us-gov-');
  const global = gov ? '/us-gov/global/global-bundle' : '/global/global-bundle';
  const own = `/${region}/${region}-bundle`;
  return (
    <Container header={<Header variant="h2" description="What clients trust. The same addresses as AWS's trust store host, without a sign-in.">Bundles</Header>}>
      <SpaceBetween size="m">
        <div>
          <Box variant="awsui-key-label">{region}</Box>
          <Files path={own} what={`Bundle of ${region}`} />
        </div>
        <div>
          <Box variant="awsui-key-label">{gov ? 'All regions of GovCloud on this server' : 'All regions on this server'}</Box>
          <Files path={global} what={gov ? 'Bundle of all regions of GovCloud' : 'Bundle of all regions'} />
        </div>
        <Command text={`curl --cacert api-ca.pem -o ${region}-bundle.pem ${me.endpoint}${own}.pem`} />
      </SpaceBetween>
    </Container>
  );
}

function Files({ path, what }: { path: string; what: string }) {
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Button iconName="download" href={`${path}.pem`} download ariaLabel={`${what} as PEM`}>
        PEM
      </Button>
      <Button iconName="download" href={`${path}.p7b`} download ariaLabel={`${what} as PKCS #7`}>
        PKCS #7
      </Button>
    </SpaceBetween>
  );
}
