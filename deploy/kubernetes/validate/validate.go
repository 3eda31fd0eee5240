// Command validate holds files for Kubernetes against what an API server accepts: it
// reads, defaults and validates each object with the code of k8s.io/kubernetes, in the
// version that go.mod names.
//
// usage: validate FILE...
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/batch"
	batchinstall "k8s.io/kubernetes/pkg/apis/batch/install"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	coreinstall "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
)

func main() {
	failed := len(os.Args) < 2
	decoder := newDecoder()
	for _, path := range os.Args[1:] {
		names, err := validateFile(decoder, path)
		for _, name := range names {
			fmt.Printf("ok    %s: %s\n", path, name)
		}
		if err != nil {
			failed = true
			fmt.Fprintf(os.Stderr, "FAIL  %s: %v\n", path, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}

// newDecoder reads objects as an API server does that was told to be strict: unknown
// and doubled fields are errors, and what is left out gets its default.
func newDecoder() runtime.Decoder {
	scheme := runtime.NewScheme()
	batchinstall.Install(scheme)
	coreinstall.Install(scheme)
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDecoder()
}

// validateFile gives the names of the objects in a file that are right, and an error
// that joins what is wrong with the others. A file without objects is an error.
func validateFile(decoder runtime.Decoder, path string) (names []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var wrong []error
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for number := 1; ; number++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return names, errors.Join(append(wrong, err)...)
		}
		name, err := validate(decoder, document)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("document %d: %w", number, err))
			continue
		}
		names = append(names, name)
	}
	if len(names)+len(wrong) == 0 {
		wrong = append(wrong, errors.New("holds no object"))
	}
	return names, errors.Join(wrong...)
}

// validate gives the name of the object that a document holds, or what is wrong with it.
func validate(decoder runtime.Decoder, document []byte) (string, error) {
	object, kind, err := decoder.Decode(document, nil, nil)
	if err != nil {
		return "", err
	}
	if m, err := meta.Accessor(object); err != nil {
		return "", err
	} else if m.GetNamespace() == "" {
		m.SetNamespace(core.NamespaceDefault)
	}
	var wrong field.ErrorList
	var name string
	switch o := object.(type) {
	case *batch.CronJob:
		name = o.Name
		wrong = batchvalidation.ValidateCronJobCreate(o, pod.GetValidationOptionsFromPodTemplate(&o.Spec.JobTemplate.Spec.Template, nil))
	case *core.ConfigMap:
		name = o.Name
		wrong = corevalidation.ValidateConfigMap(o)
	case *core.PersistentVolumeClaim:
		name = o.Name
		wrong = corevalidation.ValidatePersistentVolumeClaim(o, corevalidation.ValidationOptionsForPersistentVolumeClaimCreate())
	default:
		return "", fmt.Errorf("no check is known for a %s: add it to validate", kind.Kind)
	}
	if err := wrong.ToAggregate(); err != nil {
		return "", fmt.Errorf("%s %s: %w", kind.Kind, name, err)
	}
	return kind.Kind + " " + name, nil
}
