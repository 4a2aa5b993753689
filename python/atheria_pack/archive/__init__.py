"""Archives for people without conda: the packages of one accelerator and platform as one relocatable folder."""
