package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/certificate"
)

// writeCertificate writes a report as a certificate that will lie at path.
func writeCertificate(report *verify.Report, w io.Writer, path string) error {
	statement, err := certificate.New(report, filepath.Dir(path))
	if err != nil {
		return err
	}
	return statement.Write(w)
}

const checkLong = `check tells whether files are those that a certificate is about, which
verify --certify wrote. It looks for every file that the certificate names, as
seen from the certificate's folder and then in that folder itself, or for the
given files alone, whatever they are called now. It hashes them, opens no model
and needs no libtorch.

A certificate is an in-toto statement without a signature: whoever can write it
can change it. Sign it with the tool that you trust.

Exit code: 0 they are the files that were found consistent, 1 they are others or
were not consistent, 2 the question could not be answered.`

const checkExamples = `  # Verify and certify; later: are these still the files?
  verify --scripted m.pt --state s.pt --input x.npy --certify m.json
  verify check m.json

  # Of a deployment that has only one of them
  verify check m.json /srv/model/current.pt

  # Sign the certificate, and check the signature before the files
  ssh-keygen -Y sign -f ~/.ssh/id_ed25519 -n file m.json
  ssh-keygen -Y verify -f allowed_signers -I me@example.com -n file \
    -s m.json.sig < m.json
  cosign sign-blob --key cosign.key --bundle m.bundle m.json
  cosign verify-blob --key cosign.pub --bundle m.bundle m.json`

// newCheckCertificate makes the command that checks a certificate.
func newCheckCertificate(stdout io.Writer, code *int) *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use:                   "check [--quiet] CERTIFICATE [FILE...]",
		DisableFlagsInUseLine: true,
		Short:                 "tell whether files are those that were verified",
		Long:                  checkLong,
		Example:               checkExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("check takes a certificate, which verify --certify writes; see verify check -h")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			result, err := certificate.Check(args[0], args[1:]...)
			if err != nil {
				return err
			}
			*code = result.ExitCode()
			if quiet {
				_, err = fmt.Fprintln(stdout, result.Summary)
				return err
			}
			return result.WriteText(stdout)
		},
	}
	cmd.Flags().BoolVar(&quiet, "quiet", false, "print the verdict only")
	return cmd
}
