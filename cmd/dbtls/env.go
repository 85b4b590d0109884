package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/serve"
)

func envCommand() *cobra.Command {
	var data string
	c := &cobra.Command{
		Use:   "env --data DIR",
		Short: "Print the environment by which aws and SDKs reach the server",
		Example: `  eval "$(dbtls env --data /var/lib/dbtls)"
  aws rds describe-certificates`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if data == "" {
				return usageError{fmt.Errorf("give the server's data directory: dbtls env --data DIR")}
			}
			s, err := serve.ReadClient(data)
			if err != nil {
				return err
			}
			printEnv(c, s)
			return nil
		},
	}
	c.Flags().StringVar(&data, "data", "", "data directory of a server on this machine")
	return c
}

// printEnv prints what makes a shell's aws and SDKs reach a server.
func printEnv(c *cobra.Command, s serve.Client) {
	aws := awsOnPath(c.Context())
	for _, kv := range [][2]string{
		{"AWS_ENDPOINT_URL", s.Endpoint}, {"AWS_CA_BUNDLE", s.CAFile},
		{"AWS_ACCESS_KEY_ID", s.AccessKeyID}, {"AWS_SECRET_ACCESS_KEY", s.SecretAccessKey},
		{"AWS_DEFAULT_REGION", aws.spellRegion(s.Region)},
	} {
		fmt.Fprintf(c.OutOrStdout(), "export %s=%s\n", kv[0], shellQuote(kv[1]))
	}
	if warning := aws.warning(s.Endpoint, s.Region); warning != "" {
		fmt.Fprintln(c.ErrOrStderr(), "dbtls:", warning)
	}
}

// shellQuote quotes for any POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

var awsVersion = regexp.MustCompile(`aws-cli/(\d+)\.(\d+)`)

// awsCLI is the version of an aws command; the zero value is none at all.
type awsCLI struct{ major, minor int }

func awsOnPath(ctx context.Context) awsCLI {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "aws", "--version").CombinedOutput()
	if err != nil {
		return awsCLI{}
	}
	return parseAWS(string(out))
}

func parseAWS(out string) awsCLI {
	m := awsVersion.FindStringSubmatch(out)
	if m == nil {
		return awsCLI{}
	}
	var v awsCLI
	v.major, _ = strconv.Atoi(m[1])
	v.minor, _ = strconv.Atoi(m[2])
	return v
}

// old: it does not know AWS_ENDPOINT_URL and would talk to Amazon instead.
func (v awsCLI) old() bool {
	return (v.major == 1 && v.minor < 29) || (v.major == 2 && v.minor < 13)
}

// overrides: aws 1.x has a built-in endpoint for RDS in us-east-1 that
// outranks AWS_ENDPOINT_URL (its customization "overridesslcommonname").
func (v awsCLI) overrides(region string) bool { return v.major == 1 && region == "us-east-1" }

// spellRegion writes the region so that this aws uses the endpoint it is told:
// the built-in one is looked up by the exact name, while dbtls takes regions in
// any case.
func (v awsCLI) spellRegion(region string) string {
	if v.overrides(region) && !v.old() {
		return strings.ToUpper(region)
	}
	return region
}

// warning is what the user of this aws has to know, "" for nothing.
func (v awsCLI) warning(endpoint, region string) string {
	switch {
	case v.old():
		return fmt.Sprintf("the aws on PATH is %d.%d, which does not know AWS_ENDPOINT_URL (2.13 and 1.29 do): add --endpoint-url %s to every call", v.major, v.minor, endpoint)
	case v.overrides(region):
		return fmt.Sprintf("the aws on PATH is 1.x, which sends RDS calls for us-east-1 to Amazon whatever AWS_ENDPOINT_URL says; the region is spelled in capitals to keep it from that. With --region us-east-1 add --endpoint-url %s", endpoint)
	}
	return ""
}
