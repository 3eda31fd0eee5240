// Package images reads labelled images, from folders or tar archives in which each
// image lies in the folder of its class, and varies and normalises them for training
// as torchvision does.
//
//	set, err := images.Open("train.tgz")
//	…
//	defer set.Close()
//	train := &images.Dataset{Set: set, Mean: images.ImageNetMean, Std: images.ImageNetStd, Transforms: []images.Transform{
//		images.RandomResizedCrop(224, 224), images.RandomHorizontalFlip(0.5),
//	}}
//	loader, err := data.NewLoader(train, data.Options{Batch: 32, Shuffle: true})
package images
